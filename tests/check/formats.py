"""Reads a report of v6shim check as its format's standard has it, and prints how many programs and verdicts are in it.

formats.py json|sarif|csv|html FILE: fails at the first thing that is wrong; see formats.sh
"""

import csv
import html.parser
import json
import os
import sys
import urllib.parse

TURNING = "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
VERDICTS = ("ready", "shim", "partly", "out-of-reach", "no-network")


def read_json(text):
    top = json.loads(text)
    assert top["schema"] == 1 and top["complete"] is True
    return [(program["path"], program.get("verdict")) for program in top["programs"]]


def check_location(location, artifacts):
    physical = location["physicalLocation"]
    artifact = physical["artifactLocation"]
    assert artifacts[artifact["index"]]["location"]["uri"] == artifact["uri"]  # 3.4.5
    if "region" in physical:
        assert physical["region"]["startLine"] >= 1  # 3.30.5
    if "address" in physical:
        assert physical["address"]["absoluteAddress"] >= 0  # 3.32.6
    for logical in location.get("logicalLocations", []):
        assert logical["name"]


def check_result(result, rules, artifacts):
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]  # 3.27.5, 3.27.6
    assert result["level"] in ("error", "warning", "note")  # 3.27.10
    assert result["message"]["text"]  # 3.27.11
    assert result["locations"]
    for location in result["locations"]:
        check_location(location, artifacts)


def read_sarif(text):
    log = json.loads(text)
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-schema-2.1.0.json")  # 3.13
    schema = os.environ.get("SARIF_SCHEMA")
    if schema:
        import jsonschema

        with open(schema, encoding="utf-8") as file:
            jsonschema.validate(log, json.load(file))
        print("validated by its schema")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] and driver["version"]
    rules, artifacts = driver["rules"], run["artifacts"]
    assert len({rule["id"] for rule in rules}) == len(rules) > 20
    for rule in rules:
        assert rule["shortDescription"]["text"] and rule["fullDescription"]["text"] and rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
    for artifact in artifacts:
        uri = urllib.parse.urlsplit(artifact["location"]["uri"])
        assert uri.scheme in ("", "file") and uri.path and not uri.query and not uri.fragment
        assert all(" " < letter < "\x7f" for letter in artifact["location"]["uri"])
        assert artifact["roles"] == ["analysisTarget"]
    for result in run["results"]:
        check_result(result, rules, artifacts)
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is True
    for notification in invocation["toolExecutionNotifications"]:
        assert notification["message"]["text"]
        for location in notification["locations"]:
            check_location(location, artifacts)
    with_results = {result["locations"][0]["physicalLocation"]["artifactLocation"]["index"] for result in run["results"]}
    for index, artifact in enumerate(artifacts):
        assert (artifact["properties"].get("verdict") != "shim") or index in with_results
    return [(artifact["location"]["uri"], artifact["properties"].get("verdict")) for artifact in artifacts]


def read_csv(text):
    assert text.endswith("\r\n")
    rows = list(csv.reader(text.splitlines(keepends=True), strict=True))
    width = len(rows[0])
    programs = {}
    for row in rows[1:]:
        assert len(row) == width, row
        assert not any(field[:1] in tuple("=+-@\t\r") for field in row if field), row
        record = dict(zip(rows[0], row))
        programs[record["path"]] = record["verdict"] if record["verdict"] in VERDICTS else None
        assert bool(record["gap"]) == bool(record["instead"]) == bool(record["severity"])
    return list(programs.items())


class Page(html.parser.HTMLParser):
    EMPTY = ("meta", "br", "input")

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.rows, self.ids, self.seen, self.path = [], [], set(), set(), None

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.seen.add(tag)
        assert tag not in ("link", "img", "iframe", "a", "i") and "src" not in attrs and "href" not in attrs, tag
        assert not any(name.startswith("on") for name in attrs)
        if "id" in attrs:
            assert attrs["id"] not in self.ids
            self.ids.add(attrs["id"])
        if tag == "tr" and "data-verdict" in attrs:
            self.rows.append([None, attrs["data-verdict"]])
        if tag == "span" and attrs.get("class") == "path":
            self.path = ""
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
        if tag == "span" and self.path is not None:
            self.rows[-1][0], self.path = self.path, None

    def handle_data(self, data):
        if self.path is not None:
            self.path += data


def read_html(text):
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == [] and "programs" in page.ids
    assert "http-equiv='Content-Security-Policy'" in text and "name='viewport'" in text
    assert "://" not in text.split("<body>")[0], "the page asks the network"
    assert not page.rows or {"svg", "rect"} <= page.seen
    return [(path, verdict if verdict in VERDICTS else None) for path, verdict in page.rows]


def main():
    form, name = sys.argv[1:]
    with open(name, encoding="utf-8", newline="") as file:
        text = file.read()
    assert not any(letter in TURNING for letter in text)
    programs = {"json": read_json, "sarif": read_sarif, "csv": read_csv, "html": read_html}[form](text)
    assert len({path for path, _ in programs}) == len(programs), programs
    counts = [(verdict, sum(1 for _, its in programs if its == verdict)) for verdict in VERDICTS]
    print(f"{len(programs)} programs")
    print(", ".join(f"{verdict} {count}" for verdict, count in counts if count > 0))


main()
