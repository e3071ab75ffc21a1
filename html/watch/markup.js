const icon = (paths) => `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${paths}</svg>`;
const SCREEN = '<rect x="2" y="5" width="20" height="14" rx="2"/>';
const MUTED = icon('<path d="M4 9v6h4l5 4V5L8 9z"/><path d="m17 9 5 6m0-6-5 6"/>');

const button = (id, paths, text, more = 'aria-pressed="false"') =>
    `<button id="${id}" class="button" type="button" ${more}>${icon(paths)}<span>${text}</span></button>`;

const radio = (id, paths, text, key = '') =>
    `<label><input type="radio" name="layout" id="${id}" value="${id}"${key && ` aria-keyshortcuts="${key}"`}>`
    + `<span>${icon(SCREEN + paths)}${text}</span></label>`;

const video = (id, role) => `<video id="${id}" data-role="${role}" autoplay muted playsinline hidden></video>`;

const HTML = `
<header class="top">
  <h1 id="streamer"></h1>
  <p class="state-line"><span id="status" class="status" role="status">Connecting</span>
    <span id="audience" class="status"></span></p>
</header>
<div id="viewer" class="viewer">
  <div id="stage" class="stage" data-state="connecting" data-corner="bottom-right">
    ${video('video-a', 'main')}${video('video-b', 'inset')}${video('video-c', 'next')}
    <div id="inset-box" class="inset-box" hidden>
      <button id="inset" class="inset" type="button" aria-describedby="inset-help">
        <span id="inset-label" class="inset-label"></span></button>
      <div id="inset-size" class="inset-size" role="slider" tabindex="0" aria-label="Size of the inset"
           aria-valuemin="10" aria-valuemax="40" aria-valuenow="25"></div>
      <p id="inset-help" hidden>Arrow keys move it, plus and minus change its size.</p>
    </div>
    <button id="unmute" class="button unmute" type="button" hidden>${MUTED}Tap to unmute</button>
    <p id="notice" class="notice" role="status"></p>
    <div id="message" class="message">
      <p class="message-title" id="message-title">Connecting</p>
      <p class="message-text"></p>
      <div class="message-actions"></div>
    </div>
    <form id="join" class="message" hidden>
      <p class="message-title">This show is private</p>
      <label class="field">Code of your invitation
        <input id="code" class="input" autocomplete="off" autocapitalize="none" spellcheck="false" required
               aria-describedby="join-error"></label>
      <p id="join-error" class="message-text" role="alert"></p>
      <button class="button button-primary">Watch</button>
    </form>
  </div>
  <p id="price" class="status" hidden></p>
  <div id="sources" class="sources" role="group" aria-label="Sources"></div>
  <div class="controls" role="group" aria-label="Player">
    ${button('mute', '<path d="M4 9v6h4l5 4V5L8 9z"/><path d="m17 9 5 6m0-6-5 6"/>', 'Mute',
             'aria-pressed="true" aria-keyshortcuts="m"')}
    <div id="layouts" class="segments" role="radiogroup" aria-label="Layout">
      ${radio('single', '', 'Single')}${radio('pip', '<path d="M12 12h7v4h-7z"/>', 'Inset', 'p')}
      ${radio('grid', '<path d="M12 5v14M2 12h20"/>', 'Grid', 'g')}
    </div>
    ${button('follow', '<circle cx="12" cy="12" r="3"/><path d="M6 6a8 8 0 0 0 0 12M18 6a8 8 0 0 1 0 12"/>',
             'Follow the streamer', 'aria-pressed="false" aria-keyshortcuts="o" hidden')}
    ${button('fullscreen', '<path d="M4 9V4h5m6 0h5v5m0 6v5h-5m-6 0H4v-5"/>', 'Full screen',
             'aria-pressed="false" aria-keyshortcuts="f"')}
    ${button('popout', '<path d="M12 4H4v16h16v-8M14 4h6v6M20 4l-8 8"/>', 'Pop out')}
    ${button('corner', `${SCREEN}<path d="m9 15 6-6m0 4V9h-4"/>`,
             'Corner<span id="corner-name" class="visually-hidden"></span>', 'hidden')}
    <label id="inset-choice" class="choice" hidden>Inset <select id="inset-source" class="button"></select></label>
    ${button('figures-toggle', '<path d="M5 20v-7m7 7V4m7 16v-11"/>', 'Stats',
             'aria-expanded="false" aria-controls="figures" aria-keyshortcuts="s"')}
  </div>
  <dl id="figures" class="figures" aria-label="Stats" hidden></dl>
</div>
<p class="keys"><kbd>1</kbd>–<kbd>9</kbd> source · <kbd>p</kbd> picture in picture · <kbd>g</kbd> grid ·
  <kbd>o</kbd> follow the streamer · <kbd>m</kbd> mute · <kbd>f</kbd> full screen · <kbd>s</kbd> stats</p>
`;

/**
 * @param {boolean} page the viewer is all there is on the page, and its heading the page's
 * @returns {DocumentFragment}
 */
export function markup(page) {
    const template = document.createElement('template');

    template.innerHTML = page ? HTML : HTML.replaceAll('h1', 'h2');

    return template.content;
}
