#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause

# A module's README.md says what its sources say: directives with contexts and
# defaults, reasons, metrics, fields, variables, routes, limits, files; and
# conf/nginx.conf shows every directive.

use strict;
use warnings;

use lib 't/lib';

use Test::More;
use Test::Live;
use Test::Live::Process;

my $top = Test::Live::top();
my $conf = Test::Live::Process::slurp("$top/conf/nginx.conf");

# of each module:
#
#   directives  the files that have their tables
#   custom      of those with a handler: what they set, or => \'text' by default
#   defaults    adds what the macros of nginx do not set
#   reasons     { name => the cells of its row }
#   metrics     the file that has them
#   json        [title of a section, the code that makes it]
#   limits      { what a row says => [file, macro] }
#   more        what only this module has

my %modules = (

    multisource => {
        directives => ['rtmp_module.c', 'http_module.c'],
        custom     => {
            multisource_max_sources => 'max_sources',
            multisource_separator   => 'naming.separator',
            multisource_reserved    => 'the array',
            multisource_refuse_rate => 'the rate',
            multisource_viewer_time => 'the time',
            multisource_sessions_key => '',
            multisource_sessions_origin => '',
            multisource_price       => '',
            multisource_webhook     => '',
            multisource_redis       => '',
        },
        defaults   => \&multisource_defaults,
        reasons    => \&multisource_reasons,
        metrics    => ['status.c', 'show_status.c'],
        json       => sub {
            my ($m) = @_;

            my ($status) = strings($m->source('status.c'))
                =~ /\n(ngx_multisource_status_json\(.*)
                    \nngx_multisource_status_prometheus\(/sx;

            return ['A source in the list', strings($m->source('json.c'))],
                ['The status as JSON', $status];
        },
        more       => \&multisource_more,
        many       => { directives => 20, reasons => 20, metrics => 15 },
    },

    whip => {
        directives => ['http_module.c'],
        custom     => {
            whip               => '',
            whip_listen        => 'the port',
            whip_candidate     => 'candidates',
            whip_ice_server    => 'ice_servers',
            whip_audio_bitrate => 'audio_bitrate',
            whip_rate          => 'the rate',
        },
        defaults   => \&whip_defaults,
        reasons    => \&whip_reasons,
        metrics    => 'metrics.c',
        json       => sub {
            my ($m) = @_;

            # a name of a state stands where other fields are set

            my $status = strings($m->source('status.c'))
                =~ s/^    \[NGX_WHIP_\w+\] = /    /gmr;

            return ['The status as JSON', $status =~ s/"live"$/"live",/mr];
        },
        limits     => {
            'an offer' => ['endpoint.h', 'ENDPOINT_BODY'],
            'the body of a PATCH' => ['frag.h', 'FRAG_MAX_SIZE'],
            'PATCHes of a session in a second' => ['session.c', 'SESSION_RATE'],
            'PATCHes of a session' => ['session.c', 'SESSION_PATCHES'],
            'an answer' => ['answer.h', 'ANSWER_MAX_SIZE'],
            'time for the decision about a stream' => ['session.c',
                'SESSION_ASK'],
            q{wait for another worker's answer} => ['courier.c',
                'COURIER_WAIT'],
            'payload types of an m-line' => ['sdp.h', 'SDP_MAX_FORMATS'],
            'header extensions of an m-line' => ['sdp.h',
                'SDP_MAX_EXTENSIONS'],
            'simulcast layers' => ['sdp.h', 'SDP_MAX_RIDS'],
            'SSRCs of a session that sent something authentic' => ['', 'SSRCS'],
            'streams of a session' => ['', 'STREAMS'],
            'paths of a session' => ['', 'PATHS'],
            'STUN requests of a session in a second' => ['ice.c', 'ICE_RATE'],
            'RTCP datagrams to a client in a second' => ['feedback.c',
                'FEEDBACK_RATE'],
            'packets of a session in a second that are not authentic' =>
                ['session.c', 'SESSION_BAD'],
            'time between two requests for a keyframe' => ['feedback.c',
                'FEEDBACK_PLI'],
            'a datagram' => ['', 'DATAGRAM'],
            'a video frame' => ['unit.h', 'UNIT_MAX'],
            'packets that wait for a missing one' => ['jitter.h',
                'JITTER_MAX_PACKETS'],
            'time that audio waits for the first picture' => ['track.c',
                'TRACK_HOLD'],
            'TCP connections without a session, of an address' => ['tcp.c',
                'TCP_CLIENTS'],
            'TCP connections without a session, of a worker' => ['tcp.c',
                'TCP_WAITING'],
            'time to the first frame of a TCP connection' => ['tcp.c',
                'TCP_FIRST'],
            'bytes that wait to be sent to a TCP client' => ['tcp.c',
                'TCP_QUEUE'],
            'candidates, half of them for TCP' => ['', 'CANDIDATES'],
        },
        more       => \&whip_more,
        many       => { directives => 15, reasons => 40, metrics => 20 },
    },

    simulcast => {
        directives => ['rtmp_module.c', 'http_module.c'],
        custom     => {
            simulcast_separator      => 'separator',
            simulcast_default_source => 'default_source',
            simulcast_zone           => 'the zone',
            simulcast_ssl_verify     => 'ssl_verify',
            simulcast_transcode      => 'the command',
        },
        defaults   => \&simulcast_defaults,
        reasons    => \&simulcast_reasons,
        metrics    => 'metrics.c',
        json       => sub {
            my ($m) = @_;

            return ['The status as JSON', strings($m->source('status.c'))];
        },
        limits     => {
            'destinations of a streamer' => ['api.h', 'API_DESTINATIONS'],
            'the name of a destination' => ['', 'TITLE'],
            'a URL' => ['url.h', 'URL_MAX'],
            'a stream key' => ['url.h', 'KEY_MAX'],
            'the body of a request' => ['common/ngx_live_body.h',
                'LIVE_BODY_MAX'],
            'levels of JSON in it' => ['common/ngx_live_body.h',
                'LIVE_BODY_DEPTH'],
            'a thumbnail' => ['api.h', 'API_THUMBNAIL'],
            'time between two tests of a destination' => ['api_test.c',
                'TEST_PAUSE'],
            'tests at once, of a worker' => ['api_test.c', 'TEST_MAX'],
            'event streams of a worker' => ['events.h', 'EVENTS_STREAMS'],
            'what a client may leave unread of one' => ['events.h',
                'EVENTS_BUFFER'],
            'API tokens' => ['tokens.h', 'TOKENS_MAX'],
            'encryption keys' => ['seal.h', 'SEAL_KEYS'],
            'addresses of a host that are tried' => ['common/ngx_live_resolve.h',
                'LIVE_RESOLVE_MAX'],
            'time for a name' => ['link.h', 'LINK_RESOLVE'],
            'time to connect, while there are other addresses' => ['link.h',
                'LINK_NEXT'],
            'time to connect to the last one' => ['link.h', 'LINK_CONNECT'],
            'time from there to the start of the stream' => ['link.h',
                'LINK_SETUP'],
            'a message from a server' => ['chunk.h', 'CHUNK_MESSAGE'],
            'time without an acknowledged byte' => ['push.h', 'PUSH_STALL'],
            'how far behind video is left out' => ['feed.h', 'FEED_LAG'],
            'how far behind everything is' => ['feed.h', 'FEED_LAG_MAX'],
            'frames that are kept of a source' => ['feed.h', 'FEED_BYTES'],
            'an answer of a platform' => ['common/ngx_live_fetch.h',
                'LIVE_FETCH_BODY'],
            'requests to platforms at a time, of a worker' => ['common/ngx_live_fetch.c',
                'LIVE_FETCH_MAX'],
            'time for an answer of Redis' => ['common/ngx_live_redis.h',
                'LIVE_REDIS_TIMEOUT'],
            'a claim without renewal' => ['claim.h', 'CLAIM_TIME'],
            'time that a publisher may be away' => ['wish.h', 'WISH_HOLD'],
            'encoders of a worker' => ['child.h', 'CHILD_MAX'],
            'what waits for an encoder' => ['rendition.h', 'RENDITION_QUEUE'],
            q{an encoder's command} => ['template.h', 'TEMPLATE_LENGTH'],
        },
        more       => \&simulcast_more,
        many       => { directives => 15, reasons => 30, metrics => 15 },
    },
);

my %context = (
    NGX_RTMP_MAIN_CONF => 'rtmp',
    NGX_RTMP_SRV_CONF  => 'server',
    NGX_RTMP_APP_CONF  => 'application',
    NGX_HTTP_MAIN_CONF => 'http',
    NGX_HTTP_SRV_CONF  => 'server',
    NGX_HTTP_LOC_CONF  => 'location',
);

my %unit = (KB => 1024, MB => 1024 * 1024, s => 1000, ms => 1, bytes => 1);

for my $name (sort keys %modules) {
    my $m = bless { name => $name, dir => "$top/modules/ngx_$name",
        %{ $modules{$name} } };

    $m->{readme} = Test::Live::Process::slurp("$m->{dir}/README.md");

    subtest "ngx_$name" => sub {
        $m->check_directives;
        $m->check_reasons;
        $m->check_metrics;
        $m->check_fields;
        $m->check_variables;
        $m->check_limits;
        $m->check_files;
        $m->{more}->($m);
    };
}

done_testing;


# a file of the module: 'status.c'; '' is the header that they share; or one of
# all modules: 'common/ngx_live_body.h'

sub source {
    my ($m, $file) = @_;

    return Test::Live::Process::slurp("$top/modules/$file")
        if $file =~ m{^common/};

    $file = $file eq '' ? '.h' : "_$file";
    return Test::Live::Process::slurp("$m->{dir}/ngx_$m->{name}$file");
}


# the text of a section, and the rows of the tables in it without their heads

sub section {
    my ($m, $title) = @_;

    my ($level, $text) = $m->{readme} =~ /^(#+) \Q$title\E\n(.*)/ms;
    $text = '' unless defined $text;
    $level = '#' unless defined $level;

    my $n = length $level;
    $text =~ s/^#{1,$n} .*//ms;

    return $text;
}


sub rows {
    my ($text) = @_;

    my @rows = map { s/^\| *| *\|$//gr } $text =~ /^\|.*\|$/mg;

    return map { [split /\s*\|\s*/] } grep { /^[`\$]/ } @rows;
}


sub ticked { return $_[0] =~ /`([^`]+)`/g }


# the rows of a section: what is ticked first => the other cells

sub told {
    my ($m, $title) = @_;

    return { map {
        my ($first, @rest) = @$_;
        ((ticked($first))[0] => join ' ', @rest);
    } rows($m->section($title)) };
}


# strings of C, adjacent ones joined

sub strings {
    my ($c) = @_;

    $c =~ s/"\s*\n?\s*"//g;
    return $c;
}


# --- directives -------------------------------------------------------------

sub check_directives {
    my ($m) = @_;

    my $name = $m->{name};
    my $c = join '', map { $m->source($_) } @{ $m->{directives} };
    my %enum = enums($c);
    my %default = ('' => '', defaults($c, \%enum));
    my %code;

    $m->{defaults}->($m, $c, \%default);

    while ($c =~ /\{ \s ngx_string\("(${name}\w*)"\), \s*
                  (NGX_\w+_CONF[\w|\s]*), \s* (\w+), \s*
                  (?:NGX_\w+|0), \s* (.*?), \s* (NULL|&?\w+) \s \}/gsx)
    {
        my ($directive, $type, $set, $field, $post) = ($1, $2, $3, $4, $5);
        my @type = split /[|\s]+/, $type;

        $code{$directive} = {
            type    => { map { $_ => 1 } @type },
            context => join(', ', map { $context{$_} } grep { $context{$_} }
                @type),
            field   => join('.', $field =~ /, \s* (\w+)\)/gx),
            words   => $enum{$post},
        };
    }

    $code{$_}{field} = $m->{custom}{$_} for keys %{ $m->{custom} };

    my %said;

    while ($m->{readme} =~ /^\#\#\#\ (${name}\w*)\n\n-\ Syntax:\ `(.*?);`\n
               -\ Default:\ (.*?)\n-\ Context:\ (.*?)\n-\ Since:\ (.*?)\n
               \n[A-Z][^\n]+\n/gsmx)
    {
        my ($directive, @of) = ($1, $2, $3, $4, $5);

        is($said{$directive}, undef, "$directive is described once");

        @{ $said{$directive} }{qw(syntax default context since)} = @of;
    }

    is(join("\n", sort keys %said), join("\n", sort keys %code),
        'the directives of the code are those of README.md');
    cmp_ok(scalar keys %code, '>=', $m->{many}{directives}, 'which are many');

    for my $directive (sort keys %code) {
        my $said = $said{$directive} or next;
        my $c = $code{$directive};
        my $default = $default{ $c->{field} };
        my $form = form($c);

        is($said->{context}, $c->{context}, "$directive: context");
        is($said->{since}, '0.1', "$directive: since");
        is($said->{default}, !defined $default ? 'no default was found'
            : $default eq '' ? '-' : "`$directive $default;`",
            "$directive: default");
        like($said->{syntax}, qr/^$directive$form$/, "$directive: syntax");
        ok($conf =~ /^\s*(?:# )?$directive(?:\s|;)/m,
            "conf/nginx.conf shows $directive");
    }

    return;
}


# what follows a directive whose flags are these

sub form {
    my ($c) = @_;

    my $args = $c->{type};

    return ' ' . join ' \| ', @{ $c->{words} } if $c->{words};
    return qr/ [A-Z]+ \| \* \w+=[A-Z]+(?: \[\w+=[A-Z]+\])+/ if $args->{NGX_CONF_2MORE};

    return $args->{NGX_CONF_FLAG} ? qr/ on \| off/
        : $args->{NGX_CONF_NOARGS} ? $args->{NGX_CONF_TAKE1} ? qr/ \[\w+\]/ : ''
        : $args->{NGX_CONF_1MORE} ? qr/ \S+(?: \.\.\.|(?: \[\w+=[A-Z]+\]){2,})/
        : $args->{NGX_CONF_TAKE12} ? qr/ [A-Z]+ \[\w+=[A-Z:]+\]/
        : $args->{NGX_CONF_TAKE123} ? qr/ [A-Z]+(?: \[\w+=[A-Z]+\]){2}/
        : $args->{NGX_CONF_TAKE1234} ? qr/ [A-Z]+(?: \[\w+=[A-Z]+\]){3}/
        : qr{ [A-Z/:]+(?: \| off)?};
}


# the words of each enumeration, and what each of its values is called

sub enums {
    my ($c) = @_;

    my %enum;

    while ($c =~ /ngx_conf_enum_t\s+(\w+)\[\] = \{(.*?)\n\};/gs) {
        my ($table, $text) = ($1, $2);
        my @words;

        while ($text =~ /ngx_string\("(\w+)"\), (\w+)/g) {
            push @words, $1;
            $enum{$2} = $1;
        }

        $enum{$table} = \@words;
    }

    return %enum;
}


# what each field is when nothing was configured, as a configuration would say

sub defaults {
    my ($c, $enum) = @_;

    my %default;

    while ($c =~ /ngx_conf_(?:merge|init)_(\w+)\(\w+->([\w.]+),
                         (?:\s*\w+->[\w.]+,)?\s*(.+?)\);/gsx)
    {
        my ($kind, $field, $value) = ($1, $2, $3);

        $default{$field} = $enum->{$value} || text_of($value, $kind)
            unless exists $default{$field};
    }

    return %default;
}


sub text_of {
    my ($value, $kind) = @_;

    return $1 if $value =~ /^"(.*)"$/s;
    return '' if $value eq 'NULL';
    return $value ? 'on' : 'off' if $kind eq 'value';
    return $value % 1000 ? "${value}ms" : $value / 1000 . 's'
        if $kind eq 'msec_value';
    return $1 . 'm' if $value =~ /^(\d+) \* 1024 \* 1024$/;
    return $1 . 'k' if $kind eq 'size_value' && $value =~ /^(\d+)000$/;

    return $value;
}


sub multisource_defaults {
    my ($m, $c, $default) = @_;

    while ($c =~ /conf->(\w+) = prev->\w+ == \(uint64_t\) -1\s*\? (\d+)000000/g)
    {
        $default->{$1} = "${2}m";
    }

    my ($reserved) = $c =~ /defaults\[\] = \{(.*?)\};/s;

    $default->{'the array'} = join ' ', $reserved =~ /"(\w+)"/g;
    $default->{'the rate'} = "$default->{refuse_number}/$default->{refuse_time}";

    # no file means no keys, and no path none

    $default->{keys_file} = '';
    $default->{hls_path} = '';

    my ($hours) = $c =~ /hmcf->viewer_time, (\d+) \* 60 \* 60\)/;

    $default->{'the time'} = "${hours}h";

    return;
}


sub whip_defaults {
    my ($m, $c, $default) = @_;

    ($default->{'the port'}) = $c =~ /define NGX_WHIP_DEFAULT_PORT\s+"(.*)"/;
    $default->{'the rate'} = "$default->{rate_number}/$default->{rate_time}";

    return;
}


sub simulcast_defaults {
    my ($m, $c, $default) = @_;

    # on by itself with a simulcast_push, see README.md

    is($default->{enable}, 'on', 'simulcast is on ...');
    ok($c =~ /\(\w+->enable, \w+->pushes != NULL\)/, '... where it pushes');
    $default->{enable} = 'off';

    $default->{'the zone'} = text_of($m->source('config.h')
        =~ /define NGX_SIMULCAST_CONFIG_ZONE +\((.*)\)/, 'size_value');

    ($default->{ssl_verify}) = map { $_ ? 'on' : 'off' }
        $m->source('config.c') =~ /->ssl_verify = (\d);/;

    ($default->{'the command'}) = strings($m->source('rendition.c'))
        =~ /rendition_default = ngx_string\(\s*(".*?")\);/;

    return;
}


# --- reasons, metrics -------------------------------------------------------

sub check_reasons {
    my ($m) = @_;

    my %why = $m->{reasons}->($m, strings($m->source('reason.c')));

    is_deeply($m->told('Reasons'), \%why, 'reasons, with statuses and texts');
    cmp_ok(scalar keys %why, '>=', $m->{many}{reasons}, 'which are many');

    return;
}


sub multisource_reasons {
    my ($m, $c) = @_;

    my %define = $c =~ /^#define (\w+)\s+"(.*)"$/mg;
    my %why;

    while ($c =~ /REASON\("(\w+)",\s*(\w+),\s*"(.*?)"\)/gs) {
        my ($name, $code, $text) = ($1, $2, $3);

        $why{$name} = ($code eq 'NULL' ? '-' : "`$define{$code}`") . " $text"
            if $name ne 'ok';
    }

    return %why;
}


sub whip_reasons {
    my ($m, $c) = @_;

    my %why;

    while ($c =~ /\{ "(\w+)",\s*(\d+),\s*"(.*?)",\s*(\d+) \}/gs) {
        my ($name, $status, $text, $again) = ($1, $2, $3, $4);

        $why{$name} = $status ? join(' ', $status, $again || '-', $text)
            : "end $text";
    }

    delete $why{ok};

    return %why;
}


sub simulcast_reasons {
    my ($m, $c) = @_;

    my %why;

    while ($c =~ /\{ "(\w+)",\s*"(.*?)",\s*(\d+) \}/gs) {
        $why{$1} = ($3 ? 'yes' : '-') . " $2" if $1 ne 'ok';
    }

    return %why;
}


sub check_metrics {
    my ($m) = @_;

    my $c = strings(join '', map { $m->source($_) } ref $m->{metrics}
        ? @{ $m->{metrics} } : $m->{metrics});
    my %metric;

    while ($c =~ /(?:\{ |last,\s*)"($m->{name}_\w+)",\s*"(\w+)",\s*"(.*?)"/gs) {
        $metric{$1} = "$2 $3";
    }

    is_deeply($m->told('The status for Prometheus'), \%metric,
        'metrics, with types and helps');
    cmp_ok(scalar keys %metric, '>=', $m->{many}{metrics}, 'which are many');

    return;
}


# --- fields of JSON, in the order of their names ----------------------------

sub check_fields {
    my ($m) = @_;

    for ($m->{json}->($m)) {
        my ($title, $c) = @$_;

        my %code = map { $_ => 1 }
            $c =~ /(?:^\s+|json_pack\("[^"]*",\s*)"([a-z_]+)",/mg,
            $c =~ /json_object_set_new\(\w+, "(\w+)"/g;

        # totals: `sources`: ... are fields as well

        my %told = map { $_ => 1 } map { ticked($_->[0]),
            map { /`([a-z_]+)`/g } $_->[1] =~ /((?:`[a-z_]+`,? ?)+)(?=:)/g }
            rows($m->section($title));

        is(join(' ', sort keys %told), join(' ', sort keys %code),
            "fields: $title");
    }

    return;
}


# --- variables, limits, files -----------------------------------------------

sub check_variables {
    my ($m) = @_;

    my $c = $m->source('http_module.c');

    # a table of them, or one that is added by itself

    my ($table) = $c =~ /ngx_http_variable_t\s+\w+\[\] = \{(.*?)\n\};/s;
    my @code = defined $table ? $table =~ /ngx_string\("(\w+)"\)/g
        : map { $c =~ /\Q$_\E = ngx_string\("(\w+)"\)/ }
            $c =~ /ngx_http_add_variable\(cf, &(\w+),/g;

    is(join("\n", sort map { ticked($_->[0]) }
            rows($m->section('Variables of http'))),
        join("\n", sort map { "\$$_" } @code), 'variables');

    return;
}


sub check_limits {
    my ($m) = @_;

    my %limits = %{ $m->{limits} || {} } or return;
    my %told = $m->section('Limits') =~ /^\| (.*?) \| (\d.*?) \|$/mg;

    is(join("\n", sort keys %told), join("\n", sort keys %limits), 'limits');

    for my $what (sort keys %limits) {
        my ($file, $macro) = @{ $limits{$what} };

        my ($n, $unit) = split / /, $told{$what} || '-';
        my ($code) = $m->source($file)
            =~ /^#define NGX_(?:\U$m->{name}\E_)?$macro\s+\(?([\d *]+)/m;

        my $value = 1;
        $value *= $_ for split / \* /, $code || 0;

        is(defined $unit ? $n * $unit{$unit} : $n, $value, "limit: $what");
    }

    return;
}


sub check_files {
    my ($m) = @_;

    opendir(my $handle, $m->{dir}) or die "$m->{dir}: $!";

    my %file = map { $_ => 1 } grep { /\.[ch]$|^config$/ } readdir $handle;

    delete $file{ s/\.c$/.h/r } for grep { /\.c$/ } keys %file;

    is(join("\n", sort map { ticked($_->[0]) } rows($m->section('Files'))),
        join("\n", sort keys %file), 'files');

    return;
}


# --- what only one of them has ----------------------------------------------

sub multisource_more {
    my ($m) = @_;

    my ($routes) = $m->source('api.h')
        =~ /The source API:\n \*\n(.*?)\n \*\//s;

    $routes =~ s/^ \*     //mg;

    like($m->section('Routes'), qr/^```\n\Q$routes\E\n```$/m,
        'routes of the API');

    my ($grammar) = $m->source('keys.h') =~ /^ \*     (KEY STREAMER.*)$/m;

    like($m->section('The key file'), qr/^\Q$grammar\E$/m,
        'a line of the key file');

    return;
}


sub whip_more {
    my ($m) = @_;

    my ($methods) = $m->source('endpoint.c')
        =~ /^#define NGX_WHIP_ENDPOINT_METHODS\s+"(.*)"$/m;

    my %told = map { $_ => 1 } map { ticked($_->[0]) }
        grep { $_->[1] =~ /^\d+$/ } rows($m->section('Routes'));

    is(join(', ', sort keys %told), join(', ', sort split /, /, $methods),
        'methods');

    return;
}


sub simulcast_more {
    my ($m) = @_;

    # all of its sources, and those whose words are of platforms

    my %source = map { m{/ngx_simulcast_(\w+)\.c$} ? ($1 => strings($m->source("$1.c")))
        : () } glob "$m->{dir}/*.c";
    my $all = join '', values %source;

    my ($routes) = $m->source('route.h') =~ /is no route\.\n \*\n(.*?)\n \*\//s;

    $routes =~ s/^ \*(?: {5})?//mg;

    like($m->section('Routes'), qr/^```\n\Q$routes\E\n```$/m,
        'routes of the API');

    my %status = simulcast_statuses($m, \%source);

    is_deeply({ map { $_ => $m->told('Errors')->{$_} =~ /^(\d+)/ }
            keys %{ $m->told('Errors') } },
        \%status, 'errors of the API, with statuses');

    my %code;

    for my $name (grep { /^(?:answer|call|keep|oauth|pending|platform|renew
            |cloudflare|facebook|twitch|youtube)(?:_|$)/x } keys %source)
    {
        $code{$_} = 1 for $source{$name}
            =~ /(?:NGX_(?:AGAIN|DECLINED|ERROR),|\bcode =)\s*"([a-z_]+)"/g;
    }

    same($m->told('Codes of platforms'), \%code, 'codes of platforms');

    my %setting = map { $_ => 1 } $source{setting} =~ /^    \{ "(\w+)", /mg;

    same($m->told('Settings'), \%setting, 'settings');

    my ($events) = $source{events} =~ /events_names\[\] = \{(.*?)\};/s;

    same($m->told('Events'), { map { $_ => 1 } $events =~ /"([\w:]+)"/g },
        'events');

    same($m->told('A destination'), { map { $_ => 1 }
            $source{api_json} =~ /^[ ]{4,8}json_object_set_new\(json, "(\w+)"/mg },
        'fields of a destination');

    same($m->told('Environment'), { map { $_ => 1 } $source{config}
            =~ /(?:\{ |cycle, )"([A-Z_]{8,})"/g }, 'environment');

    my %key = map { $_ => 1 } $all =~ /"(?:DEL )?(simulcast:[a-z]+)\b/g;

    is(join("\n", sort keys %{ { map { /^(\w+:\w+)/ => 1 }
            keys %{ $m->told('Redis') } } }),
        join("\n", sort keys %key), 'keys and channels of Redis');

    my %window = $m->source('limits.c')
        =~ /^    \{ "(\w+)",.*?\.window = (\d+)000\b/msg;

    is_deeply({ $m->section('Behaviour') =~ /^\| (\w+) \| (\d+) s \|$/mg },
        \%window, 'how long platforms keep an event');

    return;
}


# the API's codes

sub simulcast_statuses {
    my ($m, $source) = @_;

    my %number = (BAD_REQUEST => 400, UNAUTHORIZED => 401, FORBIDDEN => 403,
        NOT_FOUND => 404, NOT_ALLOWED => 405, CONFLICT => 409,
        REQUEST_ENTITY_TOO_LARGE => 413, UNSUPPORTED_MEDIA_TYPE => 415,
        TOO_MANY_REQUESTS => 429, INTERNAL_SERVER_ERROR => 500,
        SERVICE_UNAVAILABLE => 503);
    my %status;

    for my $name (grep { /^(?:api|step|events)/ } keys %$source) {
        while ($source->{$name} =~ /(?:_api_error|_api_refuse|_answer_error)\(
                \w+,\s*NGX_HTTP_(\w+),\s*"([a-z_]+)"/gx)
        {
            $status{$2} = $number{$1};
        }
    }

    return %status;
}


sub same {
    my ($told, $code, $what) = @_;

    return is(join("\n", sort keys %$told), join("\n", sort keys %$code), $what);
}
