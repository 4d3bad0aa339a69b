import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvironmentError, RemoteError } from '@cosmicai/payload';
import { z } from 'zod';
import { sha256, type Descriptor, type ImageStore, type Manifest } from './registry.ts';

const TAG = 'org.opencontainers.image.ref.name';

const descriptorSchema = z.object({
  mediaType: z.string(),
  digest: z.string(),
  size: z.number(),
  annotations: z.record(z.string(), z.string()).optional(),
});
const indexSchema = z.object({ manifests: z.array(descriptorSchema) });
type TaggedDescriptor = z.infer<typeof descriptorSchema>;

/**
 * Images in a folder, as skopeo, podman, apptainer and containerd read and write them: the OCI image layout,
 * https://github.com/opencontainers/image-spec/blob/main/image-layout.md. The tag `''` stands for the only image of a folder.
 */
export class OciLayout implements ImageStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async manifest(reference: string): Promise<Manifest | undefined> {
    if (reference.startsWith('sha256:')) {
      if (!(await this.hasBlob(reference))) return;
      const bytes = await this.#read(reference);
      const { mediaType = 'application/vnd.oci.image.manifest.v1+json' } = JSON.parse(bytes.toString()) as {
        readonly mediaType?: string;
      };
      return { mediaType, digest: reference, bytes };
    }
    const manifests = await this.#tagged();
    const found =
      reference === '' && manifests.length === 1
        ? manifests[0]
        : manifests.find(({ annotations }) => annotations?.[TAG] === reference);
    if (found === undefined) return;
    return { mediaType: found.mediaType, digest: found.digest, bytes: await this.blob(found) };
  }

  async blob({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): Promise<Buffer> {
    const bytes = await this.#read(digest);
    if (bytes.length !== size) throw new RemoteError(`${this.#pathOf(digest)} is damaged: it isn't of ${size} bytes.`);
    return bytes;
  }

  async hasBlob(digest: string): Promise<boolean> {
    return await isThere(this.#pathOf(digest));
  }

  async putBlob(digest: string, bytes: Uint8Array): Promise<void> {
    await mkdir(join(this.#folder, 'blobs/sha256'), { recursive: true });
    await this.#write(`blobs/sha256/${hexOf(digest)}`, bytes);
  }

  async putManifest(tag: string, { mediaType, bytes }: Pick<Manifest, 'mediaType' | 'bytes'>): Promise<void> {
    const digest = sha256(bytes);
    const others = (await this.#tagged()).filter(({ annotations }) => annotations?.[TAG] !== tag);
    await this.putBlob(digest, bytes);
    const added: TaggedDescriptor = { mediaType, digest, size: bytes.length, annotations: { [TAG]: tag } };
    await this.#write('oci-layout', Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' })));
    const index = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [...others, added],
    };
    await this.#write('index.json', Buffer.from(JSON.stringify(index)));
  }

  async #tagged(): Promise<readonly TaggedDescriptor[]> {
    const file = join(this.#folder, 'index.json');
    if (!(await isThere(file))) return [];
    try {
      return indexSchema.parse(JSON.parse(await readFile(file, 'utf8'))).manifests;
    } catch (error) {
      throw new EnvironmentError(`${file} is not the index of a folder of images. Name another folder.`, {
        cause: error,
      });
    }
  }

  async #read(digest: string): Promise<Buffer> {
    const path = this.#pathOf(digest);
    const bytes = await readFile(path).catch((error: unknown) => {
      throw new RemoteError(`${path}, which the image needs, can't be read.`, { cause: error });
    });
    if (sha256(bytes) !== digest) throw new RemoteError(`${path} is damaged: its bytes are not those of its name.`);
    return bytes;
  }

  /** In one step: what has a name is whole. */
  async #write(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#folder, name);
    await writeFile(`${path}.partial`, bytes);
    await rename(`${path}.partial`, path);
  }

  #pathOf(digest: string): string {
    return join(this.#folder, 'blobs/sha256', hexOf(digest));
  }
}

function hexOf(digest: string): string {
  return digest.replace(/^sha256:/, '').replaceAll(/[^0-9a-f]/g, '');
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
