# SPDX-License-Identifier: BSD-2-Clause

# The pages as they are delivered: conf/nginx.conf itself, with the ports and
# paths of a test.
#
#   my $pages = Test::Live::Pages->new;
#   my $t = $pages->t;                  a Test::Live, which runs
#   $pages->token                       of the API, and of the streamer alice
#   $pages->publish('Main_Screen');     of alice: ffmpeg sends a small picture
#   $pages->key                         of the streamer bob, who sends nothing
#   $pages->stop('Main_Screen');
#   my @files = $pages->files('/watch/alice');
#
# The last one is what a browser loads to open a page: the document, and what it,
# its style sheets and its modules name, each once; see Test::Live::Pages::File.
#
# new(): redis => 1 starts a Redis; timeout and whatever else Test::Live takes;
# conf => 'x', or PAGES_CONF in the environment, is another configuration than
# conf/nginx.conf.

package Test::Live::Pages;

use strict;
use warnings;

use Test::Live;
use Test::Live::Redis;

use constant {
    KEY_ALICE => 'k-7f29d0c4e1',
    KEY_BOB   => 'k-b3506ad27f',
    TOKEN     => 'tok-alice-0b6f2a9d83c4517e',
};

my %SIZE = (Main_Screen => '320x180', Face_Cam => '240x180');


sub new {
    my ($class, %o) = @_;

    my $redis = delete $o{redis};
    my $conf = delete $o{conf} || $ENV{PAGES_CONF}
        || "@{[Test::Live::top()]}/conf/nginx.conf";

    my $t = Test::Live->new(workers => 2, timeout => 300,
        secrets => [KEY_ALICE, KEY_BOB, TOKEN], %o);

    my $self = bless { t => $t, publisher => {} }, $class;

    $t->mkdir($_) for qw(tmp hls logs redis);
    $t->write('keys', KEY_ALICE . " alice\n" . KEY_BOB . " bob\n");
    $t->write('simulcast.tokens', TOKEN . " alice\n");

    $self->{redis} = Test::Live::Redis->new($t, name => 'redis/redis')
        if $redis;

    $t->conf($self->_conf(Test::Live::Process::slurp($conf)), raw => 1);
    $t->run;

    return $self;
}


sub t     { return $_[0]{t} }
sub key   { return KEY_BOB }
sub token { return TOKEN }


# the shipped file, as scripts/run does it, and everything on the loopback only

sub _conf {
    my ($self, $text) = @_;

    my $t = $self->{t};
    my $dir = $t->dir;
    my $top = Test::Live::top();

    my $load = join '', map { "load_module $_;\n" } $t->module_files;
    my $user = $> == 0 ? "user root;\n" : '';

    $text =~ s/^load_module .*\n//mg;
    $text =~ s/^\s*(?:listen \d+ ssl|ssl_\w+) [^;]*;.*\n//mg;
    $text =~ s/^(\s*listen) 1935;/$1 127.0.0.1:%%RTMP%%;/mg;
    $text =~ s/^(\s*listen) 8080;/$1 127.0.0.1:%%HTTP%%;/mg;
    $text =~ s/^(\s*whip_listen) \*:8189;/$1 127.0.0.1:%%WHIP%%;/mg;
    $text =~ s{ keys\.example;}{ $dir/keys;};
    $text =~ s{ root html;}{ root $top/html;};

    if ($text =~ s{ root build/html;}{ root $dir/html;}) {
        system("$top/scripts/pages", "$dir/html") == 0
            or die 'scripts/pages made no pages';
    }

    $text =~ s{build/run/logs/error\.log}{build/run/error.log}g;
    $text =~ s{build/run/nginx\.pid}{$dir/nginx.pid};
    $text =~ s{ (unix:)?(?:\.\./)?build/run/}{' ' . ($1 || '') . "$dir/"}ge;

    # keys that scripts/run makes, whatever is sealed or signed with them

    for my $file ($text =~ m{^\s*\w+_key(?:_file)? (\Q$dir\E/[^;\s]+);}mg) {
        my $name = substr $file, length "$dir/";

        $t->write($name, join('', map { sprintf '%02x', rand 256 } 1 .. 32)
            . "\n") unless -e $file;
    }

    return "daemon off;\n$user$load$text";
}


sub publish {
    my ($self, $source) = @_;

    my $p = $self->{publisher}{$source} = $self->{t}->publish(
        KEY_ALICE . "_$source",
        media => { size => $SIZE{$source} || '320x180', fps => 15, gop => 15,
                   kbps => 200 });

    $p->started;

    return $self->{t}->wait_for(sub {
        return $self->{t}->get("/hls/alice/$source/live.m3u8")->{status} == 200;
    }, 20, "the playlist of $source");
}


sub stop {
    my ($self, $source) = @_;

    delete($self->{publisher}{$source})->stop;

    return;
}


# as a browser does it, which asks for gzip

sub files {
    my ($self, $path) = @_;

    my @files = Test::Live::Pages::File->new($self->{t}, $path);
    my %seen = ($path => 1);

    for (my $i = 0; $i < @files; $i++) {
        push @files, map { Test::Live::Pages::File->new($self->{t}, $_) }
            grep { !$seen{$_}++ } $files[$i]->names;
    }

    return @files;
}


# {path}, {status}, {type}, {headers}, {bytes} (of the body as it is sent), {text};
# names() are the paths and addresses of others that it makes a browser load

package Test::Live::Pages::File;

use IO::Uncompress::Gunzip qw(gunzip $GunzipError);


sub new {
    my ($class, $t, $path) = @_;

    my $self = bless { path => $path, status => 0, bytes => 0, headers => {},
        type => '', text => '' }, $class;

    return $self if $path !~ m{^/};

    my $r = $t->get($path, headers => { 'Accept-Encoding' => 'gzip, deflate' });

    $self->{status} = $r->{status};
    $self->{headers} = $r->{headers};
    $self->{type} = ($r->header('Content-Type') || '') =~ s/;.*//r;
    $self->{bytes} = length $r->{body};
    $self->{text} = $r->{body};

    if (($r->header('Content-Encoding') || '') eq 'gzip') {
        gunzip(\$r->{body}, \$self->{text}) or die "$path: $GunzipError";
    }

    return $self;
}


sub names {
    my ($self) = @_;

    my ($type, $text) = @$self{qw(type text)};
    my @names;

    if ($type eq 'text/html') {
        $text =~ s/<!--.*?-->//gs;
        $text =~ s{<template.*?</template>}{}gs;

        push @names, $text =~
            /<(?:script|img|video|audio|iframe|source)\b[^>]*\bsrc="([^"]*)"/g;
        push @names, map { /\bhref="([^"]*)"/ } grep {
            /\brel="(?:stylesheet|icon|modulepreload|preload)"/
        } $text =~ /<link\b[^>]*>/g;

    } elsif ($type eq 'text/css') {
        $text =~ s{/\*.*?\*/}{}gs;
        push @names, $text =~ /\@import\s+(?:url\()?["']([^"']+)/g,
            $text =~ /\burl\(["']?([^"')]+)/g;

    } elsif ($type =~ /javascript/ && $self->{path} !~ m{^/vendor/}) {
        $text =~ s{/\*.*?\*/}{}gs;
        push @names, $text =~
            /\b(?:from|import)\s*\(?\s*["']([^"'\s]+\.m?js[^"'\s]*)["']/g;
    }

    return grep { !/^data:/ } map { $self->_absolute($_) } @names;
}


sub _absolute {
    my ($self, $name) = @_;

    return $name if $name =~ m{^(?:/(?!/)|data:|\w+://|//)};

    my $dir = $self->{path} =~ s{\?.*}{}r =~ s{[^/]*$}{}r;

    $name = "$dir$name";
    1 while $name =~ s{/\./}{/} || $name =~ s{/[^/]+/\.\./}{/};

    return $name;
}

1;
