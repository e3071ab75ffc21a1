#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# ngx_multisource_private.h repeats the first members of structures that
# nginx-rtmp keeps in its .c files: they are still what it says.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;

my $top = Test::Live::top();
my $source = $ENV{NGX_RTMP_SRC} || "$top/build/nginx-rtmp";

need(-f "$source/ngx_rtmp.h", 'the source of nginx-rtmp, see scripts/build');

sub slurp {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!";
    local $/;
    return scalar <$in>;
}

sub members {
    my ($text, $close) = @_;

    my ($body) = $text =~ /\{([^{}]*)\}\s*\Q$close\E;/
        or return "no $close";

    $body =~ s{/\*.*?\*/}{}gs;

    return [map { s/\s+/ /gr =~ s/^ | $//gr } grep { /\S/ } split /;/, $body];
}

# declarations that mean the same are written the same

sub normal {
    my ($list) = @_;

    return map {
        s/struct ngx_rtmp_netcall_session_s \*/netcall */r
            =~ s/ngx_(?:rtmp|multisource)_netcall(?:_session)?_t \*/netcall */r
            =~ s/\*(?:cs|next)\b/*link/r
    } @$list;
}

my $ours = slurp("$top/modules/ngx_multisource/ngx_multisource_private.h");

# an array of urls there, its first two elements here

my $notify = slurp("$source/ngx_rtmp_notify_module.c");

like($notify, qr/enum\s*\{\s*NGX_RTMP_NOTIFY_PLAY,\s*NGX_RTMP_NOTIFY_PUBLISH,/,
    'play and publish are the first two callbacks');
is((members($notify, 'ngx_rtmp_notify_app_conf_t'))->[0],
    'ngx_url_t *url[NGX_RTMP_NOTIFY_APP_MAX]', 'and their urls come first');

for my $case (
    ['ngx_rtmp_auto_push_module.c', 'ngx_rtmp_auto_push_conf_t',
        'ngx_multisource_auto_push_conf_t'],
    ['ngx_rtmp_log_module.c', 'ngx_rtmp_log_ctx_t',
        'ngx_multisource_log_ctx_t'],
    ['ngx_rtmp_netcall_module.c', 'ngx_rtmp_netcall_ctx_t',
        'ngx_multisource_netcall_ctx_t'])
{
    my ($file, $theirs, $name) = @$case;

    my @want = normal(members(slurp("$source/$file"), $theirs));
    my @have = normal(members($ours, $name));

    is_deeply(\@have, [@want[0 .. $#have]], "$theirs of $file");
}

my @want = normal(members(slurp("$source/ngx_rtmp_netcall_module.c"),
    'ngx_rtmp_netcall_session_t'));
my ($body) = $ours =~ /struct ngx_multisource_netcall_s \{([^}]*)\};/;
my @have = normal([map { s/\s+/ /gr =~ s/^ | $//gr } grep { /\S/ }
    split /;/, $body]);

is_deeply(\@have, [@want[0 .. $#have]],
    'ngx_rtmp_netcall_session_t of ngx_rtmp_netcall_module.c');

done_testing();
