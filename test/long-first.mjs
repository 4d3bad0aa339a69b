import Sequencer from '@jest/test-sequencer';

/** Starts the long tests first, so that none is left alone at the end, and the others as Jest does. */
export default class LongFirst extends Sequencer {
  sort(tests) {
    const inOrder = super.sort(tests);
    const isLong = ({ path }) => path.includes('.long.');
    return [...inOrder.filter(isLong), ...inOrder.filter((test) => !isLong(test))];
  }
}
