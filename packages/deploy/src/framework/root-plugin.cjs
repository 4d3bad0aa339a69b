// The framework loads plugins of a path by require() and wants the class itself.
module.exports = require('./root-plugin.ts').default;
