import {cpSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/**
 * The modules of a page in Node.  They are .js for the browser; only a package.json beside them makes them modules for
 * any Node, so it is a copy of them that is loaded, with what pages share.
 * @param {string} page a directory below html/
 * @returns {function(string): Promise<object>} imports a file of it
 */
export function pageModules(page) {
    const copy = mkdtempSync(join(tmpdir(), `${page}-`));

    process.on('exit', () => rmSync(copy, {recursive: true}));

    for (const part of new Set([page, 'common'])) {
        cpSync(new URL(`../../html/${part}/`, import.meta.url), join(copy, part), {recursive: true});
    }

    writeFileSync(join(copy, 'package.json'), '{"type": "module"}');

    return (name) => import(join(copy, page, name));
}
