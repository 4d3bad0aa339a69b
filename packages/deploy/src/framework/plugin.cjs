// The framework loads plugins of a localPath by require() and wants the class itself.
module.exports = require('./plugin.ts').default;
