#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# The status as Prometheus text (exposition format 0.0.4): every line of it
# parsed, and its values against those of the JSON.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Prometheus;
use Test::Live::RTMP;

my $key = 'sP1-prometheus-key';

my $t = Test::Live->new(workers => 2, secrets => [$key]);

$t->write('keys', "$key alice\n");

$t->conf(<<'EOC');
rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
            multisource on;
            multisource_keys keys;
        }

        application 'the "new" \ one' {
            live on;
            multisource on;
            multisource_keys keys;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;

        location = /status  { multisource_status; }
        location = /metrics { multisource_status prometheus; }

        location = /closed {
            allow 192.0.2.1;
            deny all;
            multisource_status prometheus;
        }
    }
}
EOC

$t->run;

my @wrong;

sub metrics { return prometheus($t->get('/metrics')->{body}, \@wrong) }

# nothing yet

my $r = $t->get('/metrics');

is($r->{status}, 200, 'metrics');
is($r->{headers}{'content-type'}, 'text/plain; version=0.0.4; charset=utf-8',
    'their type');
is($r->{headers}{'cache-control'}, 'no-store', 'no cache keeps them');

my $m = prometheus($r->{body}, \@wrong);

is($m->{multisource_sources}{samples}{''}, 0, 'no source');
is($m->{multisource_workers}{samples}{''}, 2, 'workers');
ok($m->{multisource_fps}{type}, 'metrics of sources are announced');
is($m->{multisource_fps}{samples}, undef, 'and have no value');

is($t->head('/metrics')->{status}, 200, 'HEAD');
is($t->request('DELETE', '/metrics')->{status}, 405, 'DELETE');
is($t->get('/closed')->{status}, 403, 'deny works');

# two sources, one of them in an application of an awkward name

my $p = $t->rtmp;

$p->publish("${key}_Main_Screen");
$p->live(gop => 50, kbps => 500);

my $awkward = 'the "new" \ one';
my $q = $t->rtmp(app => $awkward);

is($q->publish($key)->{code}, 'NetStream.Publish.Start', 'the other one');
$q->live(video => 0);

my $c = $t->rtmp;

is($c->publish('unlisted')->{code}, 'NetStream.Publish.Denied', 'refused');

$t->wait_for(sub {
    my $s = $t->get('/status')->json->{sources};
    @$s == 2 && $s->[0]{keyframes} > 2 && $s->[0]{fps} > 0;
}, 12, 'sources that are measured');

# nothing moves any more, until both show the same

$_->live(0) for $p, $q;

my ($j, $same);

$t->wait_for(sub {
    $m = metrics();
    $j = $t->get('/status')->json;

    my $bytes = 0;
    $bytes += $_
        for values %{ $m->{multisource_bytes_total}{samples} };

    $same = $bytes == $j->{totals}{bytes} ? ($same || 0) + 1 : 0;
    return $same > 40;
}, 8, 'counters that stand still');

is($m->{multisource_sources}{samples}{''}, 2, 'sources');
is($m->{multisource_published_total}{samples}{''}, $j->{totals}{published},
    'published');
is($m->{multisource_zone_slots}{samples}{''}, $j->{zone}{slots}, 'slots');
is($m->{multisource_zone_used}{samples}{''}, $j->{zone}{used}, 'used');

is_deeply($m->{multisource_refused_total}{samples},
    { map {; qq{reason="$_"} => $j->{refused}{$_} }
        keys %{ $j->{refused} } },
    'refused, by reason');
is($m->{multisource_refused_total}{samples}{'reason="unknown_key"'}, 1,
    'one of them');

# each source, under labels that are escaped

my %field = (
    bytes_total                => [bytes => 1],
    video_frames_total         => [video_frames => 1],
    audio_frames_total         => [audio_frames => 1],
    keyframes_total            => [keyframes => 1],
    dropped_total              => [dropped => 1],
    keyframe_interval_seconds  => [keyframe_interval_ms => 1000],
);

for my $s (@{ $j->{sources} }) {
    (my $app = $s->{app}) =~ s/(["\\])/\\$1/g;

    my $labels = qq{app="$app",streamer="alice",source="$s->{source}"};
    my $value = sub { $m->{"multisource_$_[0]"}{samples}{$labels} };

    for my $name (sort keys %field) {
        my ($field, $scale) = @{ $field{$name} };

        cmp_ok($value->($name) * $scale, '==', $s->{$field},
            "$s->{source}: $name");
    }

    cmp_ok(abs($value->('uptime_seconds') * 1000 - $s->{uptime_ms}), '<', 1000,
        "$s->{source}: uptime_seconds");
    cmp_ok(abs($value->('fps') - $s->{fps}), '<=', 0.03 * $s->{fps},
        "$s->{source}: fps");
    like($value->('bitrate_bps'), qr/^\d+$/, "$s->{source}: bitrate_bps");
}

my ($s) = grep { $_->{source} eq 'Main_Screen' } @{ $j->{sources} };

cmp_ok($s->{keyframes}, '>', 2, 'keyframes were counted');
is($s->{keyframe_interval_ms}, 2000, 'and what is between them');
is((grep { $_->{app} eq $awkward } @{ $j->{sources} }), 1,
    'the awkward name is whole in the JSON');

is(scalar(keys %{ $m->{multisource_fps}{samples} }), 2,
    'a value for each source');

is(join("\n", @wrong), '', 'every line of every answer is in order');

$t->done;
