/** As in package.json, which a bundled command has not beside it. */
export const VERSION = '0.1.0';
