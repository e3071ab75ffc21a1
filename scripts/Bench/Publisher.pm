# Publishers of one file by RTMP, each at the pace of its timestamps, over and over
# again. All are sent from the script that measures, and do not count.

package Bench::Publisher;

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(sum);

use Bench qw(fail);
use Test::Live::IO qw(now);
use Test::Live::Media qw(flv_reader);
use Test::Live::RTMP;

our @EXPORT_OK = qw(read_media stream_rate connect_publisher pump_until);

use constant {
    CHUNK_SIZE => 4096,         # as OBS sends
    TICK       => 0.005,
};

my $media;


# messages as they go over the wire, but for the timestamp in the first header

sub read_media {
    my ($file) = @_;

    my $next = flv_reader($file);
    my (@head, @messages, $last_ts);

    while (my $tag = $next->()) {
        my ($type, $ts, $payload) = @$tag;

        next if $type != Test::Live::RTMP::AUDIO && $type != Test::Live::RTMP::VIDEO;

        my $csid = $type == Test::Live::RTMP::AUDIO ? 4 : 6;
        my $head = substr(pack('N', length $payload), 1) . pack('C V', $type, 1);
        my @chunks = unpack '(a' . CHUNK_SIZE . ')*', $payload;
        my $bytes = $head . join chr(3 << 6 | $csid), @chunks;

        my $m = { ts => $ts, csid => chr $csid, bytes => $bytes };

        if ($payload =~ /^(?:[\x17\xaf])\0/) {
            push @head, $m;
        } else {
            push @messages, $m;
            $last_ts = $ts;
        }
    }

    @messages or fail("no media in $file");

    my $duration = int $last_ts + 1000 / 30;
    my $size = sum map { length $_->{bytes} } @messages;

    $media = { head => \@head, messages => \@messages, duration => $duration,
        rate => $size * 8000 / $duration };

    return;
}


# bits per second of one publisher

sub stream_rate { return $media->{rate} }


sub connect_publisher {
    my ($port, $name) = @_;

    my $rtmp = Test::Live::RTMP->new(port => $port);
    my $status = $rtmp->publish($name) || {};

    ($status->{code} || '') eq 'NetStream.Publish.Start'
        or fail("publisher $name was refused: " . ($status->{code} || 'closed'));

    $rtmp->set_chunk_size(CHUNK_SIZE);
    $rtmp->send_raw(join '', map { wire($_, 0) } @{ $media->{head} });

    return { rtmp => $rtmp, base => 0, at => 0, start => now() };
}


sub wire {
    my ($m, $ts) = @_;
    return $m->{csid} . substr(pack('N', $ts), 1) . $m->{bytes};
}


# whatever is due by now

sub pump {
    my ($p) = @_;

    my $messages = $media->{messages};
    my $due = (now() - $p->{start}) * 1000;
    my $out = '';

    while ($p->{base} + $messages->[$p->{at}]{ts} <= $due) {
        $out .= wire($messages->[$p->{at}], $p->{base} + $messages->[$p->{at}]{ts});

        if (++$p->{at} == @$messages) {
            $p->{at} = 0;
            $p->{base} += $media->{duration};
        }
    }

    return if $out eq '';

    $p->{rtmp}->send_raw($out) or fail("a publisher was disconnected");
    return;
}


# until this time or, if it is code, until that says so

sub pump_until {
    my ($until, @all) = @_;

    my $late = 0;

    while (1) {
        my $start = now();
        last if ref $until ? $until->() : $start >= $until;

        pump($_) for @all;

        my $left = TICK - (now() - $start);
        $late = -$left if -$left > $late;
        select undef, undef, undef, $left if $left > 0;
    }

    $late < 0.5 or fail(sprintf 'the publishers fell %.1f s behind: too many for this machine', $late);
    return;
}

1;
