# SPDX-License-Identifier: BSD-2-Clause

# A small HTTP/1.1 client: one fresh connection per request, so that any worker
# may answer, and a reader of Server-Sent Events.
#
#   my $r = Test::Live::HTTP::request(port => 8080, method => 'GET',
#       path => '/x', headers => {...}, body => '...', json => {...},
#       timeout => 10);
#   $r->{status}      0 when there was no answer, and then the cause in {error}
#   $r->{headers}     lower-case names, repeated ones joined with ", "
#   $r->{body}, $r->json

package Test::Live::HTTP;

use strict;
use warnings;

use Test::Live::IO qw(deadline wait_io tcp_connect);


sub request {
    my (%o) = @_;

    my $conn = Test::Live::HTTP::Connection->new(%o);

    my $r = bless { status => 0, headers => {}, body => '', error => '' },
        'Test::Live::HTTP::Response';

    $conn->send_request && $conn->read_head($r) && $conn->read_body($r);

    $r->{error} = $conn->{error} if $conn->{error};

    return $r;
}


package Test::Live::HTTP::Response;

use JSON::PP ();

# undef when the body is not JSON

sub json {
    my ($self) = @_;

    $self->{json} = eval { JSON::PP->new->utf8->allow_nonref
        ->decode($self->{body}) } unless exists $self->{json};

    return $self->{json};
}


sub header { return $_[0]{headers}{lc $_[1]} }


package Test::Live::HTTP::Connection;

use JSON::PP ();
use Test::Live::IO qw(deadline wait_io tcp_connect);


sub new {
    my ($class, %o) = @_;

    my $self = bless { host => '127.0.0.1', method => 'GET', path => '/',
        timeout => 10, %o, in => '', error => '' }, $class;

    $self->{deadline} = deadline($self->{timeout});

    return $self;
}


sub send_request {
    my ($self) = @_;

    local $SIG{PIPE} = 'IGNORE';

    $self->{sock} = tcp_connect($self->{host}, $self->{port},
        local => $self->{local})
        or return $self->fail("connect: $@");

    my $out = defined $self->{raw} ? $self->{raw} : $self->format_request;

    while (length $out) {
        wait_io($self->{sock}, 'w', $self->{deadline})
            or return $self->fail('timeout while sending');

        my $n = syswrite($self->{sock}, $out);

        if (defined $n) {
            substr($out, 0, $n, '');

        } elsif (!$!{EAGAIN} && !$!{EINTR}) {
            # an early answer such as 413 may still wait to be read
            $self->{error} = "send: $!";
            last;
        }
    }

    return 1;
}


sub format_request {
    my ($self) = @_;

    my $h = $self->{headers} || {};
    my @pairs = ref $h eq 'ARRAY' ? @$h : map { ($_, $h->{$_}) } sort keys %$h;
    my %given = map { lc $pairs[$_ * 2] => 1 } 0 .. @pairs / 2 - 1;
    my $body = $self->{body};

    if (exists $self->{json}) {
        $body = JSON::PP->new->utf8->canonical->allow_nonref
            ->encode($self->{json});

        push @pairs, 'Content-Type', 'application/json'
            unless $given{'content-type'};
    }

    unshift @pairs, 'Host', "$self->{host}:$self->{port}"
        unless $given{host};
    push @pairs, 'Connection', 'close' unless $given{connection};
    push @pairs, 'Content-Length', length $body
        if defined $body && !$given{'content-length'}
           && !$given{'transfer-encoding'};

    my $out = "$self->{method} $self->{path} HTTP/1.1\r\n";

    while (my ($name, $value) = splice @pairs, 0, 2) {
        $out .= "$name: $value\r\n";
    }

    return "$out\r\n" . (defined $body ? $body : '');
}


# reads once more; false on timeout (error set) and at the end of the stream

sub fill {
    my ($self, $deadline) = @_;

    return 0 if $self->{eof} || !$self->{sock};

    while (1) {
        wait_io($self->{sock}, 'r', $deadline || $self->{deadline})
            or return $self->fail('timeout while reading');

        my $n = sysread($self->{sock}, $self->{in}, 65536,
            length $self->{in});

        return 1 if $n;

        if (defined $n) {
            $self->{eof} = 1;
            return 0;
        }

        next if $!{EAGAIN} || $!{EINTR};

        $self->{eof} = 1;
        return $self->fail("read: $!");
    }
}


sub read_head {
    my ($self, $r) = @_;

    while (1) {
        while ($self->{in} !~ /\r?\n\r?\n/) {
            next if $self->fill;
            return $self->fail($self->{error} || 'closed without an answer');
        }

        $self->{in} =~ s/^(.*?)\r?\n\r?\n//s;

        my ($first, @lines) = split /\r?\n/, $1;

        $first =~ m{^HTTP/1\.[01] (\d\d\d)}
            or return $self->fail("bad status line: $first");

        my $status = $1;
        next if $status < 200 && $status != 101;

        $r->{status} = $status + 0;
        $r->{head} = join "\n", $first, @lines;

        for (@lines) {
            my ($name, $value) = /^([^:\s]+):\s*(.*?)\s*$/
                or return $self->fail("bad header line: $_");

            $name = lc $name;
            $r->{headers}{$name} = defined $r->{headers}{$name}
                ? "$r->{headers}{$name}, $value" : $value;
        }

        $self->{chunked} = lc($r->{headers}{'transfer-encoding'} || '')
            eq 'chunked';

        return 1;
    }
}


sub read_body {
    my ($self, $r) = @_;

    return 1 if $self->{method} eq 'HEAD'
        || $r->{status} == 204 || $r->{status} == 304;

    if ($self->{chunked}) {
        until ($self->{last_chunk}) {
            $self->unchunk(\$r->{body}) || $self->fill
                or return $self->fail($self->{error} || 'cut off in a chunk');
        }

        return 1;
    }

    my $length = $r->{headers}{'content-length'};

    while (!defined $length || length $self->{in} < $length) {
        $self->fill or last;
    }

    $r->{body} = defined $length ? substr($self->{in}, 0, $length)
        : $self->{in};

    return $self->fail($self->{error} || 'cut off in the body')
        if defined $length && length $r->{body} < $length;

    return 1;
}


# moves whole chunks from the input to $$to; true when it moved anything

sub unchunk {
    my ($self, $to) = @_;

    my $moved = 0;

    while ($self->{in} =~ /^([0-9a-f]+)[^\r\n]*\r\n/i) {
        my ($head, $size) = (length $&, hex $1);

        last if length $self->{in} < $head + $size + 2;

        $$to .= substr($self->{in}, $head, $size);
        substr($self->{in}, 0, $head + $size + 2, '');
        $moved = 1;

        if ($size == 0) {
            $self->{last_chunk} = 1;
            last;
        }
    }

    return $moved;
}


sub fail {
    my ($self, $error) = @_;
    $self->{error} = $error;
    return 0;
}


sub close {
    my ($self) = @_;
    CORE::close(delete $self->{sock}) if $self->{sock};
    return;
}


package Test::Live::HTTP::Events;

# $e->{status}, $e->{headers}; $e->next(timeout) is one of
#   { event => name, data => decoded JSON or text, raw => text, id => ... }
#   { comment => text }
#   undef at the end ($e->eof) and on timeout

use JSON::PP ();
use Test::Live::IO qw(deadline);


sub new {
    my ($class, %o) = @_;

    my $conn = Test::Live::HTTP::Connection->new(%o, headers =>
        { Accept => 'text/event-stream', %{ $o{headers} || {} } });

    my $self = bless { conn => $conn, status => 0, headers => {}, text => '',
        seen => '' }, $class;

    $conn->send_request && $conn->read_head($self);
    $self->{error} = $conn->{error};

    return $self;
}


sub eof {
    my ($self) = @_;
    my $conn = $self->{conn};
    return $conn->{eof} || $conn->{last_chunk} ? 1 : 0;
}


sub next {
    my ($self, $timeout) = @_;
    return $self->next_until(deadline(defined $timeout ? $timeout : 10));
}


# skips comments and events of other names

sub wait_event {
    my ($self, $name, $timeout) = @_;

    my $deadline = deadline(defined $timeout ? $timeout : 10);

    while (my $event = $self->next_until($deadline)) {
        return $event if defined $event->{event} && $event->{event} eq $name;
    }

    return;
}


sub next_until {
    my ($self, $deadline) = @_;

    my $conn = $self->{conn};

    while (1) {
        $self->collect;

        while ($self->{text} =~ s/^(.*?)\r?\n\r?\n//s) {
            my $event = $self->parse($1);
            return $event if $event;
        }

        return if $self->eof;
        return if !$conn->fill($deadline) && !$conn->{eof};
    }
}


sub collect {
    my ($self) = @_;

    my $conn = $self->{conn};
    my $from = length $self->{text};

    if ($conn->{chunked}) {
        $conn->unchunk(\$self->{text});

    } else {
        $self->{text} .= $conn->{in};
        $conn->{in} = '';
    }

    $conn->{on_data}->(substr $self->{text}, $from)
        if $conn->{on_data} && length $self->{text} > $from;

    return;
}


sub parse {
    my ($self, $block) = @_;

    my (%field, @data, @comment);

    for (split /\r?\n/, $block) {
        if (/^:\s?(.*)/) { push @comment, $1 }
        elsif (/^data:\s?(.*)/) { push @data, $1 }
        elsif (/^(\w+):\s?(.*)/) { $field{$1} = $2 }
    }

    if (@data) {
        my $raw = join "\n", @data;
        my $data = eval { JSON::PP->new->utf8->allow_nonref->decode($raw) };

        return { event => 'message', %field, raw => $raw,
                 data => defined $data ? $data : $raw };
    }

    return { comment => join "\n", @comment } if @comment;
    return;
}


sub close {
    my ($self) = @_;
    $self->{conn}->close;
    return;
}

1;
