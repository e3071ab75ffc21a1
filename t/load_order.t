# Modules in a wrong order fail `nginx -t` with a sentence; the module alone, or
# in an nginx that does not use it, changes nothing.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Test::Live;

my $dir = $ENV{LIVE_MODULES_DIR} || 'build/modules';
$dir = "$ENV{PWD}/$dir" unless $dir =~ m{^/};

my $rtmp = $ENV{NGX_RTMP_MODULE} || '/usr/lib/nginx/modules/ngx_rtmp_module.so';
my $ours = "$dir/ngx_multisource_module.so";

my $t = Test::Live->new(modules => []);

my $rest = <<'EOC';
pid %%DIR%%/nginx.pid;
error_log %%DIR%%/error.log info;

events {}

rtmp {
    server {
        listen 127.0.0.1:%%RTMP%%;

        application live {
            live on;
        }
    }
}

http {
    %%HTTP_GLOBALS%%

    server {
        listen 127.0.0.1:%%HTTP%%;
    }
}
EOC

sub check {
    my ($text) = @_;
    $t->conf($text, raw => 1);
    return $t->test_conf;
}

my ($rc, $out) = check("load_module $ours;\nload_module $rtmp;\n$rest");

isnt($rc, 0, 'before nginx-rtmp it fails');
like($out, qr/ngx_multisource_module needs nginx-rtmp: put its load_module line below/,
    'with a sentence that says what to do');

($rc, $out) = check("load_module $rtmp;\nload_module $ours;\n$rest");

is($rc, 0, 'after nginx-rtmp it loads');
unlike($out, qr/warn/, 'without a word where multisource is off');

(my $no_rtmp = $rest) =~ s/^rtmp \{.*?^\}$//ms;
($rc, $out) = check("load_module $rtmp;\nload_module $ours;\n$no_rtmp");

is($rc, 0, 'an nginx without an rtmp block does not mind');

(my $no_http = $rest) =~ s/^http \{.*?^\}$//ms;
($rc, $out) = check("load_module $rtmp;\nload_module $ours;\n$no_http");

is($rc, 0, 'nor one without an http block');

done_testing();
