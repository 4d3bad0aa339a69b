/** How onnxruntime begins its error of a file; who reads it knows which file, by a better name. */
const OF_FILE = /^Load model from .*? failed:/s;
/** A place in onnxruntime's own source, the C++ signature there, and the condition that didn't hold. */
const OF_SOURCE = /\/\S+\.(?:h|hpp|cc|cpp):\d+ .*?\)(?: const)?\s(?:.*? was false\.\s)?/gs;

/** The same without a path. */
const OF_SOURCE_FILE = /\b\w+\.(?:h|hpp|cc|cpp):\d+ \w+ /g;

/** What onnxruntime says went wrong, without its paths and places in its own source. */
export function runtimeMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(OF_FILE, '').replaceAll(OF_SOURCE, '').replaceAll(OF_SOURCE_FILE, '').trim();
}
