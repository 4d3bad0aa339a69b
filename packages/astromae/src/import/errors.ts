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

/** What a checkpoint doesn't show must be given: tensors have no names for bands, and no number of heads. */
export class MissingHyperparameterError extends UserInputError {
  readonly file: string;
  readonly hyperparameter: string;

  constructor(file: string, hyperparameter: string, advice: string) {
    super(`${file}: the checkpoint has no trace of ${hyperparameter}; ${advice}`);
    this.file = file;
    this.hyperparameter = hyperparameter;
  }
}
