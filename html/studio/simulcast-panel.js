import {make} from '../common/elements.js';

/**
 * The console of destinations, in a frame: it has a token of its own.  It is loaded when it is first looked at.
 * @param {Document} root
 * @param {string} address
 */
export function simulcastPanel(root, address) {
    const panel = root.getElementById('simulcast');
    const body = root.getElementById('simulcast-body');

    panel.addEventListener('toggle', () => {
        if (panel.open && body.childElementCount === 0) {
            body.append(make('iframe', {class: 'console', src: address, title: 'Simulcast console'}));
        }
    });
}
