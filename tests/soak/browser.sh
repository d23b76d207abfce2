#!/bin/sh
# The page of v6shim check --format=html in a browser: it sorts, filters, asks the network for nothing, and fits a phone.
# Needs chromium (Debian: some 300 MB), so it is no part of make check; tests/check/formats.sh looks at the page's marks.
#
# V6SHIM  the command, ./v6shim unless set
set -eu
v6shim=$(realpath "${V6SHIM:-./v6shim}")
command -v chromium >/dev/null || {
    echo "SKIPPED: this machine has no chromium"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$v6shim" check --fail-on never --format=html /usr/bin >page.html

# What a reader does, and what is then to be seen; it stands in the title.
cat >user.html <<'EOF'
<script>
(function () {
  'use strict';
  function check(name, true_) { if (!true_) failed.push(name); }
  var failed = [], table = document.getElementById('programs'), heads = table.tHead.rows[0].cells;
  function rows() { return Array.prototype.filter.call(table.tBodies[0].rows, function (row) { return !row.hidden; }); }
  function texts(column) { return rows().map(function (row) {
    var cell = row.cells[column]; return cell.dataset.order === undefined ? cell.textContent : Number(cell.dataset.order); }); }
  function sorted(list, way) { return list.every(function (it, index) { return index === 0 || way * (list[index - 1] <= it ? 1 : -1) > 0 || list[index - 1] === it; }); }
  var all = table.tBodies[0].rows.length;
  check('there are programs', all > 50);
  check('no network is hidden at first', rows().length > 0 && rows().every(function (row) { return row.dataset.verdict !== 'no-network'; }));
  Array.prototype.forEach.call(heads, function (head, column) {
    head.querySelector('button').click();
    check('column ' + column + ' up', head.getAttribute('aria-sort') === 'ascending' && sorted(texts(column), 1));
    head.querySelector('button').click();
    check('column ' + column + ' down', head.getAttribute('aria-sort') === 'descending' && sorted(texts(column), -1));
  });
  check('the columns differ', !sorted(texts(0), 1) || !sorted(texts(1), 1));
  var choice = document.querySelector('.choices input[value=no-network]');
  choice.click();
  check('no network is shown when asked for', rows().length === all);
  var filter = document.getElementById('filter');
  filter.value = '/USR/BIN/ENV no';
  filter.dispatchEvent(new Event('input'));
  check('the filter', rows().length > 0 && rows().length < all && rows().every(function (row) { return row.textContent.indexOf('/usr/bin/env') >= 0; }));
  check('how many', document.getElementById('shown').textContent === rows().length + ' of ' + all + ' shown');
  filter.value = '';
  filter.dispatchEvent(new Event('input'));
  check('no filter', rows().length === all);
  check('the page is not wider than the window', document.documentElement.scrollWidth <= window.innerWidth);
  check('nothing was loaded', performance.getEntriesByType('resource').length === 0);
  document.title = failed.length === 0 ? 'all is well' : 'failed: ' + failed.join(', ');
}());
</script>
EOF
sed '/<\/body>/d; /<\/html>/d' page.html >driven.html
cat user.html >>driven.html
failures=0
for width in 1200 500; do
    timeout 120 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" --window-size=$width,900 \
        --dump-dom "file://$work/driven.html" >dom 2>log || :
    title=$(sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p' dom | head -n 1)
    echo "$width wide: $title"
    [ "$title" = "all is well" ] || failures=$((failures + 1))
done
[ "$failures" -eq 0 ]
