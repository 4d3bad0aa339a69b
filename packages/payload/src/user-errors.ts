/**
 * Errors that no retry helps, as somebody must change the input first: every class that extends UserInputError. Errors leave a function
 * by the names of their classes alone, so whoever called it knows by these. The state machine's Retry names none of them.
 */
export const USER_ERRORS: ReadonlySet<string> = new Set([
  'UserInputError',
  // Payloads, plans and what they name.
  'InvalidInputError',
  'NewerFormatError',
  'PlanChangedError',
  'BrokenOffByInputError',
  'UnsupportedDefinitionError',
  // Stores.
  'ArchivedError',
  'ChangedError',
  'InvalidAddressError',
  'NoSuchBucketError',
  'NotFoundError',
  // Ranks.
  'PartitionError',
  'PartitionChangedError',
  'RankTooLongError',
  // Models.
  'CheckpointMismatchError',
  'MissingHyperparameterError',
  'ModelChangedError',
  'ModelFailure',
  'ModelFileError',
  // Files of galaxies.
  'CatalogueError',
  'FitsFileError',
  'MalformedTorchFileError',
  'TorchFileError',
  'TorchFileLimitError',
  'UnknownFormatError',
  'UnsupportedTorchFileError',
  'UnusableFileError',
  // Ranks that speak with each other.
  'CommunicatorClosedError',
  'LinkMismatchError',
  'MessageError',
  'OperationMismatchError',
]);
