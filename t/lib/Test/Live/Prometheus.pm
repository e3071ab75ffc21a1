# SPDX-License-Identifier: BSD-2-Clause

# Metrics as text, exposition format 0.0.4:
#
#   my $m = prometheus($t->get('/metrics')->{body}, \my @wrong);
#   is($m->{multisource_fps}{samples}{'source="Face_Cam"'}, 30);
#
# The result is { name => { help, type, samples => { labels => value } } }; what
# is wrong with a line goes into the array.

package Test::Live::Prometheus;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(prometheus);

sub prometheus {
    my ($text, $wrong) = @_;

    my (%metric, %done, $current);

    push @$wrong, 'no newline at the end' unless $text =~ /\n\z/;

    for my $line (split /\n/, $text) {

        if ($line =~ /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/) {
            my ($what, $name, $value) = (lc $1, $2, $3);

            push @$wrong, "again: $line" if exists $metric{$name}{$what}
                || $metric{$name}{samples};
            push @$wrong, "no type: $line"
                if $what eq 'type' && $value !~ /^(?:counter|gauge)$/;

            $metric{$name}{$what} = $value;
            next;
        }

        my ($name, $labels, $value) = $line =~ /^([a-zA-Z_:][\w:]*)
            (?:\{((?:[a-zA-Z_]\w*="(?:[^"\\]|\\[\\"n])*"(?:,(?!\})|(?=\})))*)\})?
            \ (-?\d+(?:\.\d+)?)$/x;

        if (!defined $name) {
            push @$wrong, "not a sample: $line";
            next;
        }

        $labels = '' unless defined $labels;

        push @$wrong, "without HELP or TYPE: $line"
            unless $metric{$name}{help} && $metric{$name}{type};
        push @$wrong, "not together: $line" if $done{$name};
        push @$wrong, "twice: $line" if exists $metric{$name}{samples}{$labels};
        push @$wrong, "a counter is not called so: $line"
            if (($metric{$name}{type} || '') eq 'counter') != ($name =~ /_total$/);

        $done{$current} = 1 if defined $current && $current ne $name;
        $current = $name;
        $metric{$name}{samples}{$labels} = $value;
    }

    return \%metric;
}

1;
