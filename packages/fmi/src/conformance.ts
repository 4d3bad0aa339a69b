export {
  everyDay,
  everyRoot,
  fewLengths,
  MIB,
  outerRoots,
  smallLengths,
  wholeContract,
  type Extent,
} from './conformance/extents.ts';
export { describeFailures } from './conformance/failures.ts';
export { describeChannel } from './conformance/operations.ts';
export { worldOf, uniqueName, type TestWorld, type WorldMaker, type WorldOptions } from './conformance/worlds.ts';
