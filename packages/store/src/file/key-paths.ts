import { join } from 'node:path';
import { besideFolderPath, segmentPath } from './segment-names.ts';

/** Where an object may lie below the root. */
export interface KeyPaths {
  /** Folders of the key's leading segments, outermost first, each with the place an object of that name moves to. */
  readonly folders: readonly { readonly path: string; readonly beside: string }[];
  /** The usual place. */
  readonly path: string;
  /** The place when a folder stands in the usual one. */
  readonly beside: string;
}

export function keyPaths(root: string, key: string): KeyPaths {
  const segments = key.split('/');
  const last = segments.pop() ?? '';
  let parent = root;
  const folders = segments.map((segment) => {
    const folder = { path: join(parent, ...segmentPath(segment)), beside: join(parent, ...besideFolderPath(segment)) };
    parent = folder.path;
    return folder;
  });
  return { folders, path: join(parent, ...segmentPath(last)), beside: join(parent, ...besideFolderPath(last)) };
}

/** The folder that holds every key with this prefix, and the part of the prefix that it stands for. */
export function prefixFolder(root: string, prefix: string): { path: string; prefix: string } {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  if (folder === '') return { path: root, prefix: '' };
  return { path: join(root, ...folder.slice(0, -1).split('/').flatMap(segmentPath)), prefix: folder };
}
