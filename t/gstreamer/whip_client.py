#!/usr/bin/python3

# SPDX-License-Identifier: BSD-2-Clause

"""GStreamer's webrtcbin as a WHIP client: a test picture and a tone.

    WHIP_KEY=KEY whip_client.py URL [nack] [tcp]

Prints the states of its connection, and goes on until SIGINT or SIGTERM, when
it deletes its session and prints the answer's status.  With "nack" it offers
to send again what was lost, with "tcp" it has no UDP.  With "--check" in place
of the URL it only looks whether GStreamer has all that it takes.
"""

import os
import signal
import sys
import urllib.parse
import urllib.request

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstSdp', '1.0')
gi.require_version('GstWebRTC', '1.0')

from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PIPELINE = '''
    webrtcbin name=webrtc bundle-policy=max-bundle
    videotestsrc is-live=true pattern=ball
        ! video/x-raw,width=640,height=360,framerate=30/1 ! videoconvert
        ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=60
        ! video/x-h264,profile=constrained-baseline
        ! rtph264pay config-interval=-1 aggregate-mode=zero-latency
        ! application/x-rtp,media=video,encoding-name=H264,payload=96
        ! queue ! webrtc.
    audiotestsrc is-live=true ! audioconvert ! audioresample
        ! audio/x-raw,rate=48000,channels=2 ! opusenc ! rtpopuspay
        ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111
        ! queue ! webrtc.
'''


def say(*words):
    # in one piece: states come from another thread

    sys.stdout.write(' '.join(map(str, words)) + '\n')
    sys.stdout.flush()


class Client:
    def __init__(self, url, options):
        self.url = url
        self.location = None
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.parse_launch(PIPELINE)
        self.webrtc = self.pipeline.get_by_name('webrtc')

        # libnice has no loopback candidates of its own accord.  The agent
        # came floating, so that webrtcbin's reference is now ours: it is kept

        self.ice = self.webrtc.props.ice_agent
        self.ice.emit('add-local-ip-address', '127.0.0.1')
        self.ice.props.ice_udp = 'tcp' not in options

        self.connect('on-negotiation-needed', self.negotiate,
                     'nack' in options)
        self.connect('notify::ice-gathering-state', self.gathering)
        self.connect('notify::connection-state', self.state)

        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect('message::error', self.error)

        for number in (signal.SIGINT, signal.SIGTERM):
            GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, self.loop.quit)

    def connect(self, name, handler, *data):
        self.webrtc.connect(name, lambda *args: handler(*data))

    def run(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()

        if self.location:
            with self.request('DELETE', self.location) as answer:
                say('deleted', answer.status)

        self.pipeline.set_state(Gst.State.NULL)

    def request(self, method, url, body=None):
        request = urllib.request.Request(url, data=body, method=method)

        request.add_header('Authorization', f'Bearer {os.environ["WHIP_KEY"]}')

        if body:
            request.add_header('Content-Type', 'application/sdp')

        return urllib.request.urlopen(request, timeout=5)

    def negotiate(self, nack):
        for index in range(2 if nack else 0):
            self.webrtc.emit('get-transceiver', index).props.do_nack = True

        self.webrtc.emit('create-offer', None,
                         Gst.Promise.new_with_change_func(self.offer))

    def offer(self, promise):
        reply = promise.get_reply()

        self.webrtc.emit('set-local-description', reply.get_value('offer'),
                         None)

    def gathering(self):
        state = self.webrtc.props.ice_gathering_state

        if state == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            GLib.idle_add(self.post)

    def post(self):
        if self.location:
            return

        sdp = self.webrtc.props.local_description.sdp.as_text()

        with self.request('POST', self.url, sdp.encode()) as answer:
            self.location = urllib.parse.urljoin(self.url,
                                                 answer.headers['Location'])
            sdp = answer.read().decode()

        _, message = GstSdp.SDPMessage.new_from_text(sdp)

        self.webrtc.emit('set-remote-description',
                         GstWebRTC.WebRTCSessionDescription.new(
                             GstWebRTC.WebRTCSDPType.ANSWER, message), None)

    def state(self):
        say(self.webrtc.props.connection_state.value_nick)

    def error(self, *_):
        say('error')
        self.loop.quit()


Gst.init(None)
client = Client(sys.argv[1], sys.argv[2:])

if sys.argv[1] != '--check':
    client.run()

# not by way of destructors, which would give up the agent twice

os._exit(0)
