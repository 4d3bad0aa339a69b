import { UserInputError } from '@cosmicai/payload';

/** A file that should be a model of this compiler and is none. */
export class ModelFileError extends UserInputError {
  constructor(problem: string, options?: ErrorOptions) {
    super(`${problem}. Expected an ONNX model made by \`cosmicai model import\``, options);
  }
}
