/** What of the package `yaml` is used: it is CommonJS, whose names a bundle finds by a static import, not by a dynamic one. */
export { parse } from 'yaml';
