/* What pages do to elements. */

/** A live region, or a reader at work, is not disturbed by what it knows already. */
export function write(element, text) {
    if (element.textContent !== text) {
        element.textContent = text;
    }
}

/** The same; what says nothing is hidden. */
export function show(element, text) {
    write(element, text);
    element.hidden = text === '';
}

/**
 * Rebuilding the options would close an open menu.
 * @param {HTMLSelectElement} select
 * @param {[string, string][]} choices values and texts
 * @param {string} [value] to be chosen, if it is there
 */
export function setOptions(select, choices, value = select.value) {
    const wanted = JSON.stringify(choices);

    if (select.dataset.shown !== wanted) {
        select.dataset.shown = wanted;
        select.replaceChildren(...choices.map(([own, text]) => new Option(text, own)));
    }

    if (choices.some(([own]) => own === value) && select.value !== value) {
        select.value = value;
    }
}

/**
 * @param {string} name of an element
 * @param {Object<string, string>} attributes
 * @param {...(Node|string)} children
 * @returns {HTMLElement}
 */
export function make(name, attributes, ...children) {
    const element = document.createElement(name);

    for (const [attribute, value] of Object.entries(attributes)) {
        element.setAttribute(attribute, value);
    }

    element.append(...children);

    return element;
}
