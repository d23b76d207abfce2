# tests/lab/guide.pl: what a command of a guide prints, beside what the page says it prints (guide.sh calls it).
#
#     guide.pl compare ALIASES EXPECTED GOT    0 where they are alike; otherwise prints how they differ
#     guide.pl actual ALIASES <COMMAND         the command, with the aliases of this run in the place of the page's
#
# In the page "..." stands for anything in a line, and a line of its own for any lines. Aliases are others on each machine:
# each of the page stands for one of this run, which ALIASES keeps. So are milliseconds, and the bars that are made of them.
use strict;
use warnings;

my ($mode, $aliases, @files) = @ARGV;
my $alias = qr/\b240\.\d+\.\d+\.\d+\b/;
my %actual = map { split } lines($aliases);

sub lines {
    open my $file, '<', $_[0] or die "$_[0]: $!\n";
    chomp(my @lines = <$file>);
    return @lines;
}

# Not the width of a column, nor how long something took.
sub alike {
    my ($line) = @_;
    $line =~ s/\d+\.\d+ ms/N ms/g;
    $line =~ s/^\s*0(\s+\d+)+ ms$/SCALE/;
    $line =~ s/\s+[-|*.][-|*.\s]*\s+(?=N ms)/ BAR /;
    $line =~ s/\s+/ /g;
    $line =~ s/^ | $//g;
    return $line;
}

# One line of the page as a pattern. An alias that the page has named before is the one that it was then; a new one may be any.
sub pattern {
    my ($line, $new) = @_;
    my $text = '';
    for my $part (split /($alias|\.\.\.)/, alike($line)) {
        if ($part eq '...') { $text .= '.*' }
        elsif ($part !~ /^$alias$/) { $text .= quotemeta $part }
        elsif ($actual{$part}) { $text .= quotemeta $actual{$part} }
        else { push @$new, $part; $text .= "($alias)" }
    }
    return $text;
}

if ($mode eq 'actual') {
    local $/;
    my $command = <STDIN>;
    $command =~ s/($alias)/$actual{$1} || $1/ge;
    print $command;
    exit;
}

my ($expected, $got) = map { my @lines = lines($_); pop @lines while @lines && $lines[-1] =~ /^\s*$/; \@lines } @files;
my @new;
my $whole = join '', map { /^\s*\.\.\.\s*$/ ? '(?:.*\n)*' : pattern($_, \@new) . '\n' } @$expected;
my $text = join '', map { alike($_) . "\n" } @$got;
if (my @found = $text =~ /\A$whole\z/) {
    open my $file, '>>', $aliases or die "$aliases: $!\n";
    for my $index (0 .. $#new) {
        print $file "$new[$index] $found[$index]\n" if !grep { $_ eq $new[$index] } @new[0 .. $index - 1];
    }
    exit;
}
print join "\n", 'expected:', @$expected, 'got:', @$got, '';
exit 1;
