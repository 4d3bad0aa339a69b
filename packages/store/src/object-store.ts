import type { Readable } from 'node:stream';

/** What a listing or a head says of an object. */
export interface ObjectInfo {
  readonly key: string;
  /** Bytes; exact up to 2^53. */
  readonly size: number;
  /** Changes whenever the content does. Without quotes. */
  readonly etag: string;
  readonly lastModified: Date;
  /** In listings of stores that have links: two keys with the same identity lead to one file. */
  readonly identity?: string;
  /** In such listings: the key leads through a link. */
  readonly linked?: boolean;
  /** Of the content, in hex: of a head that was asked for it, where it is known. */
  readonly sha256?: string;
}

/** Something with a name in the store that a listing left out, because it is not an object that could be read. */
export interface SkippedEntry {
  /** Where its key would be; ends in a slash for a folder. */
  readonly key: string;
  readonly why:
    | 'a link to nothing'
    | 'a link to a folder that is listed already'
    | 'a folder'
    | 'a named pipe'
    | 'a socket'
    | 'a device'
    | 'not readable'
    | 'named with %=, %! or %+ at the beginning';
}

/** What a write knows of the object it made. S3 tells no modification time here; `head` does. */
export type WrittenObject = Pick<ObjectInfo, 'key' | 'size' | 'etag'>;

export interface ReadOptions {
  readonly signal?: AbortSignal;
}

export interface WriteOptions extends ReadOptions {
  /** SHA-256 of the body in hex, kept beside the object for `head` to tell. Nobody checks it against the body. */
  readonly sha256?: string;
  /** For its owner's eyes: a file that nobody else may read. In a bucket its policy decides. Default: false. */
  readonly secret?: boolean;
}

export interface HeadOptions extends ReadOptions {
  /**
   * Tell the content's SHA-256 too, where nothing has to be fetched for it: a folder reads its file, a bucket knows what `put`
   * was told, which objects of other programs lack. Default: false.
   */
  readonly sha256?: boolean;
}

/** Of reads: which version is wanted. */
export interface VersionOptions extends ReadOptions {
  /** Etag that the object must still have; otherwise the read is a ChangedError. */
  readonly ifMatch?: string;
}

export interface StreamOptions extends VersionOptions {
  /** First byte, default 0. */
  readonly start?: number;
  /** One past the last byte, default the end. */
  readonly end?: number;
}

export type Body = Uint8Array | string | Readable;

export interface ListOptions extends ReadOptions {
  /** Only keys after this one in UTF-8 byte order. */
  readonly startAfter?: string;
  /**
   * Is told of what is left out. Whoever asks to be told gets no files either that this user may not read; without it they
   * are listed, and a folder that may not be read is an error. Stores without links, pipes or modes, as S3, tell of nothing.
   */
  readonly onSkipped?: (entry: SkippedEntry) => void;
}

/**
 * The one port to object storage: a bucket on S3 or a folder of files. Keys are UTF-8, `/` only separates folders for
 * people; a key that names no object is a NotFoundError on reads, `undefined` on head, and no error on delete.
 */
export interface ObjectStore {
  /** `s3://bucket` or `file:///folder`; names the store in messages. */
  readonly url: string;
  get(key: string, options?: VersionOptions): Promise<Buffer>;
  /** Bytes [start, end); fewer when the object ends before `end`. */
  getRange(key: string, start: number, end: number, options?: VersionOptions): Promise<Buffer>;
  stream(key: string, options?: StreamOptions): Promise<Readable>;
  /** Writes the whole object at once: readers see the old or the new content, never a part. */
  put(key: string, body: Body, options?: WriteOptions): Promise<WrittenObject>;
  /** Writes only when no such key exists. Of many concurrent calls exactly one gets true. */
  putIfAbsent(key: string, body: Uint8Array | string, options?: ReadOptions): Promise<boolean>;
  /** Writes only when the object still has this etag. Of many concurrent calls for one etag exactly one gets true. */
  putIfMatch(key: string, body: Uint8Array | string, etag: string, options?: ReadOptions): Promise<boolean>;
  /**
   * Every object whose key begins with the prefix, in UTF-8 byte order of the keys, fetched page by page. Links to folders are
   * followed once.
   */
  list(prefix: string, options?: ListOptions): AsyncIterable<ObjectInfo>;
  /**
   * The folders right below a prefix, without what is in them: the beginnings, each up to its next slash, of the keys that begin
   * with the prefix (of `runs/`: `runs/a/`, `runs/b/`). In UTF-8 byte order. Links to folders are followed once.
   */
  folders(prefix: string, options?: ReadOptions): Promise<string[]>;
  head(key: string, options?: HeadOptions): Promise<ObjectInfo | undefined>;
  delete(key: string): Promise<void>;
  /** Deletes every object whose key begins with the prefix; answers how many. An empty prefix is refused. */
  deletePrefix(prefix: string): Promise<number>;
}
