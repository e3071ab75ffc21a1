# SPDX-License-Identifier: BSD-2-Clause

# OBS Studio of Debian (obs-studio, obs-plugins, xvfb), with the settings of t/obs.
#
#   need(!Test::Live::Obs::missing(), Test::Live::Obs::missing());
#   my $obs = Test::Live::Obs->publish($t, "${key}_cam");
#   $obs->stop;                              a Test::Live::Process
#
# It streams from its start, 640x360 at 30 frames a second, and has a home and a
# screen of its own.  Its websocket stays off, and its update check meets a
# closed port.

package Test::Live::Obs;

use strict;
use warnings;

use File::Spec;

use Test::Live::Process;


sub missing {
    my %have = map { $_ => 1 } grep { my $name = $_;
        grep { -x "$_/$name" } File::Spec->path } qw(obs Xvfb);

    return keys %have == 2 ? ''
        : 'the packages obs-studio, obs-plugins and xvfb';
}


sub publish {
    my ($class, $t, $stream) = @_;

    my $display;
    my $x = $t->spawn('xvfb', 'Xvfb', qw(-displayfd 1 -nolisten tcp
        -screen 0 800x600x24));

    $t->wait_for(sub { ($display) = $x->stdout =~ /^(\d+)\n/ }, 'an X server');

    my $dir = 'obs/.config/obs-studio';
    my $profile = "$dir/basic/profiles/test";

    $t->write("$dir/global.ini", _setting($t, 'global.ini'));
    $t->write("$dir/basic/scenes/test.json", _setting($t, 'scenes.json'));
    $t->write("$profile/basic.ini", _setting($t, 'basic.ini'));
    $t->write("$profile/service.json", _setting($t, 'service.json',
        KEY => $stream, SERVER => 'rtmp://127.0.0.1:' . $t->port('RTMP')
            . '/live'));
    chmod 0700, $t->mkdir('obs/run');

    my $closed = 'http://127.0.0.1:' . $t->port('CLOSED');

    return $t->spawn('obs', qw(obs --multi --startstreaming --collection test
        --profile test --minimize-to-tray --disable-updater
        --disable-missing-files-check), { env => {
            HOME                  => $t->dir . '/obs',
            XDG_RUNTIME_DIR       => $t->dir . '/obs/run',
            DISPLAY               => ":$display",
            QT_QPA_PLATFORM       => 'xcb',
            LIBGL_ALWAYS_SOFTWARE => 1,
            http_proxy            => $closed,
            https_proxy           => $closed,
        } });
}


sub _setting {
    my ($t, $name, %value) = @_;

    my $text = Test::Live::Process::slurp($t->top . "/t/obs/$name");
    $text =~ s/%%(\w+)%%/$value{$1}/g;

    return $text;
}

1;
