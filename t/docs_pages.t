#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# html/README.md says what the pages do: directories, the element's attributes,
# classes with members, parameters and events, states, errors, shortcuts, what the
# browser keeps; and what its examples import is there.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Process;

my $html = Test::Live::top() . '/html';
my $readme = slurp('README.md');

my %errors = (
    SourceError  => [qw(studio/source-name.js studio/multi-source-broadcaster.js)],
    CaptureError => ['studio/capture.js'],
    WhipError    => [glob "$html/studio/whip-*.js"],
    ApiError     => [glob "$html/common/*.js"],
);

# classes that others know by these names, and the methods that they call

my %known = (
    MultiSourceBroadcaster => [qw(addSource startBroadcast stopBroadcast removeSource)],
    ViewerSourceSelector   => [qw(fetchAvailableSources switchToSource)],
    MultiViewManager       => ['enablePiP'],
    SmartSourceSwitcher    => ['mode'],
    SourceAnalytics        => [qw(trackSourceViews getPopularSources)],
);

is_same([map { "$_/" } 'vendor', grep { $_ ne 'vendor' && -d "$html/$_" } names($html)],
    [map { ticked($_) } firsts('html')], 'directories');

check_element();
check_class($_) for my @classes = map { /^### (\w+)$/mg }
    section('Classes for watching'), section('Classes for sending');
check_error($_) for sort keys %errors;
check_examples();

is_same([keys %known], [grep { $known{$_} } @classes], 'classes that others know');
is_same([keys %errors], [section('Errors') =~ /^### (\w+)$/mg], 'errors');

is_same([uniq(slurp('watch/player.js') =~ /#(?:set\(|state = )'(\w+)'/g)],
    [map { ticked($_) } grep { !/\(|\|/ } firsts('Player', 'state')], 'states of a player');

is_same([slurp('watch/preferences.js') =~ /#key = `(\w+:)\$/ ? "$1STREAMER" : '?',
        map { slurp($_) =~ /^(?:export )?const (?:NAME|KEPT|TOKEN|STREAMER|PENDING) = '([\w-]+)';/mg }
        qw(studio/studio-memory.js studio/key-panel.js simulcast/kept.js)],
    [map { ticked($_) } firsts('What the browser keeps')], 'what the browser keeps');

done_testing;


sub check_element {
    my $code = slurp('watch/live-viewer.js');
    my ($observed) = $code =~ /observedAttributes = \[(.*?)\]/;

    my %attribute = map { $_ => 1 } $observed =~ /'(\w+)'/g,
        $code =~ /(?:get|has)Attribute\('(\w+)'\)/g;

    is_same([keys %attribute], [map { ticked($_) } firsts('The element')], 'attributes');
    is($code =~ /dispatchEvent/ ? 'some' : 'none', 'none', 'events of the element');
    is_same([grep { !/Callback$|^observedAttributes$/ } members($code, 'LiveViewerElement')], [],
        'members of the element');

    # one key each, in the code, below the picture, and here

    my $viewer = slurp('watch/viewer.js');
    my ($acts) = $viewer =~ /const acts = \{\n(.*?)\n {8}\};/s;
    my @keys = $acts =~ /^ {12}(\w):/mg;

    is_same(\@keys, [grep { !/\d/ } map { ticked($_) } firsts('Shortcuts')], 'shortcuts');
    is_same([@keys, 1, 9], [slurp('watch/markup.js') =~ /<kbd>(\w)<\/kbd>/g],
        'shortcuts on the page');

    return;
}


sub check_class {
    my ($class) = @_;

    my $text = section($class);
    my ($file) = $text =~ /^\n`([\w\/.-]+)`/;

    $file = $file =~ m{^/(.*)} ? $1
        : (-e "$html/watch/$file" ? 'watch' : 'studio') . "/$file";

    my $code = slurp($file);

    like($code, qr/^export class $class\b/m, "$class is in $file");

    my %told = map { (ticked($_))[0] =~ /^(?:new )?(\w+)(?:\((.*)\))?$/ ? ($1 => $2) : () }
        firsts($class, 'member');
    my $new = delete $told{$class};

    is_same([members($code, $class)], [keys %told], "$class: members");
    is($new, parameters($code, $class, 'constructor'), "$class: its constructor");

    for my $name (sort grep { defined $told{$_} } keys %told) {
        my @told = split /, /, $told{$name};
        my @code = split /, /, parameters($code, $class, $name);

        # what is taken apart has a name in README.md only

        for my $i (0 .. $#code) {
            $code[$i] = $told[$i] if $code[$i] eq 'options' && $told[$i];
        }

        is("@told", "@code", "$class: parameters of $name()");
    }

    my ($fires) = $text =~ /\bFires (.*?)\.(?:\n|\s+[A-Z])/s;

    is_same([uniq(body($code, $class) =~ /new Event\('(\w+)'\)/g),
            body($code, $class) =~ /new Event\(type\)/ ? 'told' : ()],
        [map { /`(\w+)`/ } split /;/, $fires // ''], "$class: events");

    is(join(' ', grep { !exists $told{$_} } @{ $known{$class} || [] }), '',
        "$class: what others call");

    return;
}


sub check_error {
    my ($class) = @_;

    my %code;

    for my $code (map { slurp($_) } @{ $errors{$class} }) {
        $code{$_} = 1 for $code =~ /new $class\('(\w+)'/g;

        next if $class ne 'CaptureError';

        # those of the browser's errors, and of any other one

        $code{$_} = 1 for $code =~ /^    \w+Error: '(\w+)',$/mg,
            $code =~ /\?\? '(\w+)', error/;
    }

    return is_same([keys %code], [map { ticked($_) } firsts($class)], "codes of $class");
}


sub check_examples {
    my ($n, @missing) = (0);

    while ($readme =~ /^import \{(.*?)\} from '\/(.*?)';$/mg) {
        my ($names, $file) = ($1, $2);

        $n++;
        push @missing, grep { slurp($file) !~ /^export (?:async )?(?:class|function|const) $_\b/m }
            split /, /, $names;
    }

    is("@missing", '', 'what examples import is there');
    cmp_ok($n, '>=', scalar @classes, 'each class has an example');

    return;
}


# --- README.md --------------------------------------------------------------

# the text below a heading, up to the next one of its level

sub section {
    my ($title) = @_;

    my ($level, $text) = $readme =~ /^(#+) \Q$title\E\n(.*)/ms;
    my $n = length($level // '#');

    return ($text // '') =~ s/^#{1,$n} [^\n]*\n.*//msr;
}


# the first cells of a table's rows: of the first one, or of the one that has this head

sub firsts {
    my ($title, $head) = @_;

    my $pattern = defined $head ? qr/^\| $head \|/m : qr/^\|/m;
    my $text = section($title) =~ s/^#+ .*//msr;

    $text = section($title) if $title eq 'html';

    my ($table) = $text =~ /($pattern.*?)(?:\n\n|\z)/s;

    return grep { /^`/ } map { /^\| (.*?) \|/ } split /\n/, $table // '';
}


sub ticked { return $_[0] =~ /`([^`]+)`/g }


# --- code -------------------------------------------------------------------

sub slurp {
    my ($file) = @_;
    return Test::Live::Process::slurp($file =~ m{^/} ? $file : "$html/$file");
}


sub body {
    my ($code, $class) = @_;
    return $code =~ /^(?:export )?class $class\b.*?\{\n(.*?)^\}/ms ? $1 : '';
}


sub members {
    my ($code, $class) = @_;

    return uniq(grep { $_ ne 'constructor' } body($code, $class)
        =~ /^ {4}(?:(?:static|async|get|set) )*([a-z]\w*)(?=\(|;| = )/mg);
}


# their names; what is taken apart at once is called options

sub parameters {
    my ($code, $class, $method) = @_;

    my ($list) = body($code, $class) =~ /^ {4}(?:async )?$method\((.*?)\) \{$/ms;

    $list //= '';
    1 while $list =~ s/\((?:[^()])*\)//g;
    1 while $list =~ s/\{[^{}]*\}(?! =>)/options/g;
    $list =~ s/ = [^,]*//g;

    return join ', ', split /,\s*/, $list;
}


sub names {
    my ($dir) = @_;

    opendir(my $handle, $dir) or die "$dir: $!";
    return grep { !/^\./ } readdir $handle;
}


sub uniq {
    my %seen;
    return grep { !$seen{$_}++ } @_;
}


sub is_same {
    my ($code, $told, $what) = @_;
    return is(join(' ', sort @$told), join(' ', sort @$code), $what);
}
