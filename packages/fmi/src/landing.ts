import { MessageError } from './errors.ts';
import { release } from '@cosmicai/rendezvous';
import { bytesOf, typeName, typeOf, type Message, type TypedArray } from './value.ts';

/** The array a caller wants a value in. Bytes may arrive in it directly, but only until the operation ends. */
export class Landing {
  readonly bytes: Uint8Array;
  readonly #type: number;
  #open = true;
  #onClose: (() => void) | undefined;

  constructor(into: TypedArray) {
    this.bytes = bytesOf(into);
    this.#type = typeOf(into);
  }

  /** The operation has ended: the array is the caller's again. */
  close(): void {
    this.#open = false;
    this.#onClose?.();
  }

  /**
   * Lets a message arrive here directly, if it fits.
   * @param onClose called when the caller takes the array back before the message is whole
   */
  claim(type: number, length: number, onClose: () => void): boolean {
    if (!this.#open || this.#onClose !== undefined || !this.#fits(type, length)) return false;
    this.#onClose = onClose;
    return true;
  }

  /** The message is whole. */
  land(): void {
    this.#onClose = undefined;
  }

  #fits(type: number, length: number): boolean {
    return type === this.#type && length === this.bytes.length;
  }

  /**
   * The same message in the caller's array. One that has arrived elsewhere is copied and its memory given back.
   *
   * @throws MessageError when type or length differ
   */
  take(message: Message): Message {
    const { type, body } = message;
    if (body === this.bytes) return message;
    if (!this.#fits(type, body.length)) {
      throw new MessageError(
        `${body.length} bytes arrived as ${typeName(type)}, but \`into\` is ${typeName(this.#type)} of ${this.bytes.length} bytes; both must be the same.`,
      );
    }
    this.bytes.set(body);
    release(body);
    return { ...message, body: this.bytes, owned: false };
  }
}
