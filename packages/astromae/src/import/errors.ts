import { UserInputError } from '@cosmicai/payload';

/** A checkpoint the compiler can't map to AstroMAE: names the first module or tensor that does not fit. */
export class CheckpointMismatchError extends UserInputError {
  readonly file: string;
  /** Module path or tensor name in the checkpoint. */
  readonly path: string;

  constructor(file: string, path: string, found: string, expected: string) {
    super(`${file}: ${path === '' ? 'the saved module' : path} is ${found}; expected ${expected}`);
    this.file = file;
    this.path = path;
  }
}

/** A state dict holds tensors only: what they don't show must be given. */
export class MissingHyperparameterError extends UserInputError {
  readonly file: string;
  readonly hyperparameter: string;

  constructor(file: string, hyperparameter: string, advice: string) {
    super(`${file}: a state dict has no trace of ${hyperparameter}; ${advice}`);
    this.file = file;
    this.hyperparameter = hyperparameter;
  }
}
