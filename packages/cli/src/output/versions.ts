import packageJson from '../../package.json' with { type: 'json' };

/** What this command and its files say that made them. */
export const VERSIONS = { cosmicai: packageJson.version, node: process.version };
