// Code of functions that CloudFormation carries in the template itself (4,096 characters at most).
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

module.exports = { rendezvousName: readFileSync(join(module.path, 'rendezvous-name.cjs'), 'utf8') };
