/** Something of a run that isn't as the run left it. */
export interface Finding {
  /** Key in the bucket of the results, or the address of an input. */
  readonly what: string;
  /** To be put after it. */
  readonly problem: string;
  /** What can be done: `resume` runs ranks again or combines them anew, `replan` needs a new run, `restore` the input as it was. */
  /** That has to run again. */
  readonly rank?: number;
  readonly mend: 'resume' | 'replan' | 'restore' | 'remove';
}
