import {
  bufferSource,
  describeNode,
  isCall,
  isGlobal,
  MalformedTorchFileError,
  mappingEntries,
  openTorchFile,
  PickleWriter,
  qualifiedName,
  sequenceItems,
  TorchFileLimitError,
  UnsupportedTorchFileError,
  type CallNode,
  type PickleNode,
} from '../src/index.ts';
import { PickleCursor } from '../src/pickle/cursor.ts';
import { runPickle } from '../src/pickle/machine.ts';
import { tensorDatasetPickle } from '../src/write/tensor-dataset-pickle.ts';

const BASE = 1000;

const cursor = (text: string): PickleCursor => new PickleCursor('p.pt', Buffer.from(text, 'latin1'), BASE);
const run = (text: string, most = 1000): PickleNode => runPickle(cursor(`\x80\x02${text}`), most);
/** What it gives before it ends. */
const value = (text: string): PickleNode => run(`${text}.`);
const list = (...items: PickleNode[]): PickleNode => ({ kind: 'list', items });
const tuple = (...items: PickleNode[]): PickleNode => ({ kind: 'tuple', items });
const set = (...items: PickleNode[]): PickleNode => ({ kind: 'set', items });
const dict = (...entries: [PickleNode, PickleNode][]): PickleNode => ({ kind: 'dict', entries });
const global = (module: string, name: string) => ({ kind: 'global', module, name }) as const;
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('a pickle', () => {
  it.each<[string, string, PickleNode]>([
    ['None', 'N', null],
    ['True', '\x88', true],
    ['False', '\x89', false],
    ['an int of 4 bytes', 'J\xfe\xff\xff\xff', -2],
    ['an int of 1 byte', 'K\xff', 255],
    ['an int of 2 bytes', 'M\x01\x02', 513],
    ['a long of 0 bytes', '\x8a\x00', 0],
    ['a long below zero', '\x8a\x02\x00\x80', -32_768],
    ['a long of 4 bytes of length', '\x8b\x02\x00\x00\x00\xff\x00', 255],
    ['the largest safe integer', '\x8a\x07\xff\xff\xff\xff\xff\xff\x1f', Number.MAX_SAFE_INTEGER],
    ['one more', '\x8a\x07\x00\x00\x00\x00\x00\x00\x20', 2n ** 53n],
    ['a float', 'G\x3f\xf8\x00\x00\x00\x00\x00\x00', 1.5],
    ['text', 'X\x02\x00\x00\x00\xc3\xa9', 'é'],
    ['short text', '\x8c\x02\xc3\xa9', 'é'],
    ['text with a mark at its start', '\x8c\x04\xef\xbb\xbfa', '\ufeffa'],
    ['long text', '\x8d\x01\x00\x00\x00\x00\x00\x00\x00a', 'a'],
    ["Python 2's text", 'T\x01\x00\x00\x00\xe9', 'é'],
    ["Python 2's short text", 'U\x01\xe9', 'é'],
    ['bytes', 'B\x01\x00\x00\x00\xe9', bytes('\xe9')],
    ['short bytes', 'C\x01\xe9', bytes('\xe9')],
    ['long bytes', '\x8e\x01\x00\x00\x00\x00\x00\x00\x00\xe9', bytes('\xe9')],
    ['a bytearray', '\x96\x01\x00\x00\x00\x00\x00\x00\x00\xe9', bytes('\xe9')],
    ['an empty tuple', ')', tuple()],
    ['a tuple of one', 'K\x01\x85', tuple(1)],
    ['a tuple of two', 'K\x01K\x02\x86', tuple(1, 2)],
    ['a tuple of three', 'K\x01K\x02K\x03\x87', tuple(1, 2, 3)],
    ['a tuple to the mark', '(K\x01K\x02K\x03K\x04t', tuple(1, 2, 3, 4)],
    ['a list', '(K\x01K\x02l', list(1, 2)],
    ['an append', ']K\x01a', list(1)],
    ['appends', '](K\x01K\x02e', list(1, 2)],
    ['a dict', '}K\x01K\x02s', dict([1, 2])],
    ['a dict of two', '}(K\x01K\x02K\x03K\x04u', dict([1, 2], [3, 4])],
    ['a set', '\x8f(K\x01K\x02\x90', set(1, 2)],
    ['a frozen set', '(K\x01\x91', set(1)],
    ['what is left after a pop', 'K\x01K\x020', 1],
    ['what is left after the pop of a mark', 'K\x01(0', 1],
    ['what is left after a pop to the mark', 'K\x01(K\x02K\x031', 1],
    ['the same twice', 'K\x012\x86', tuple(1, 1)],
    ['a memo', 'K\x07q\x05K\x01h\x05\x87'.replace('\x87', '\x86') + '\x86', tuple(7, tuple(1, 7))],
    ['a memo of 4 bytes', 'K\x07r\x05\x01\x00\x00j\x05\x01\x00\x00\x86', tuple(7, 7)],
    ['a memo without a number', 'K\x07\x94K\x08\x94h\x00h\x01\x86\x87', tuple(7, 8, tuple(7, 8))],
    ['a name', 'cos.path\njoin\n', global('os.path', 'join')],
    ['a name from the stack', '\x8c\x02os\x8c\x04join\x93', global('os', 'join')],
    ['a frame', '\x95\x02\x00\x00\x00\x00\x00\x00\x00N', null],
    ['an object outside', 'K\x07Q', { kind: 'persistent', id: 7, at: BASE + 4 }],
  ])('holds %s', (_, text, expected) => {
    expect(value(text)).toEqual(expected);
  });

  it.each<[string, string, Partial<CallNode>]>([
    ['called', 'cm\nf\nK\x01\x85R', { args: [1], at: BASE + 10 }],
    ['made', 'cm\nf\nK\x01\x85\x81', { args: [1], at: BASE + 10 }],
    ['made with keywords', 'cm\nf\nK\x01\x85}\x92', { args: [1], at: BASE + 11 }],
    ['filled', 'cm\nf\n)RK\x01a(K\x02e(K\x03\x90', { items: [1, 2, 3] }],
    [
      'set',
      'cm\nf\n)RK\x01K\x02s(K\x03K\x04u',
      {
        entries: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    ['given a state', 'cm\nf\n)RK\x05b', { state: 5 }],
  ])('holds what is %s as it stands', (_, text, expected) => {
    expect(value(text)).toEqual({
      kind: 'call',
      callee: global('m', 'f'),
      args: [],
      at: BASE + 8,
      entries: [],
      items: [],
      state: undefined,
      ...expected,
    });
  });

  it.each([
    ['nothing on the stack for a memo', 'q\x00', 'its stack is empty'],
    ['a memo across the mark', 'N(q\x00', 'its stack is empty'],
    ['what is doubled across the mark', 'N(2', 'its stack is empty'],
    ['three of two', 'NN\x87', 'its stack is empty'],
    ['a mark that is gone', '(N1t', 'there is no mark'],
    ['a mark left over', 'N(', 'its stack is empty'],
    ['a frame too long', '\x95\x03\x00\x00\x00\x00\x00\x00\x00N', 'a frame of 3 bytes, 2 are left'],
    ['a global of a number', 'K\x01\x8c\x01a\x93', 'a global without a name'],
    ['a global to a number', '\x8c\x01aK\x01\x93', 'a global without a name'],
    ['a call of what is no class', 'N)R', 'it calls None, which is neither a class nor a function'],
    ['arguments in a list', 'cm\nf\n]R', 'the arguments of f are a list, not a tuple'],
    ['an append to a dict', '}Na', 'it appends to a dict'],
    ['an append to a number', 'K\x07Na', 'it appends to 7'],
    ['items of a set in a list', '](N\x90', 'it adds to a list, no set'],
    ['items of a list in a set', '\x8f(Ne', 'it appends to a set'],
    ['items of a tuple', ')NNs', 'it sets items of a tuple'],
    ['a value that is missing', '}(NNNu', 'a key without a value'],
    ['the state of a tuple', ')Nb', 'it sets the state of a tuple'],
    ['a state twice', 'cm\nf\n)RNbNb', 'it sets the state of a m.f twice'],
    ['an int cut short', 'M\x01', 'needs 2 more bytes, only 1 are left'],
  ])('of %s is refused at its opcode', (_, text, problem) => {
    // The closing point is not there where the last opcode is to be cut.
    const whole = problem.startsWith('needs') ? text : `${text}.`;
    expect(() => run(whole)).toThrow(MalformedTorchFileError);
    expect(() => run(whole)).toThrow(`: damaged pickle: ${problem}`);
  });

  it('is refused with the place in the file', () => {
    expect(() => run('NN\xff.')).toThrow(
      new UnsupportedTorchFileError(
        'p.pt',
        BASE + 4,
        'pickle opcode 0xff is not one that torch.save writes; load the file in Python and save it again with torch.save',
      ),
    );
    expect(() => run('\x01.')).toThrow('pickle opcode 0x01 is not one');
    expect(() => run('N(0')).toThrow(/^p\.pt, byte 1005: /);
  });

  it('has a protocol from 2 to 5, and before anything else', () => {
    for (const protocol of ['\x02', '\x03', '\x04', '\x05'])
      expect(runPickle(cursor(`\x80${protocol}N.`), 9)).toBeNull();
    for (const protocol of ['\x01', '\x06'])
      expect(() => runPickle(cursor(`\x80${protocol}N.`), 9)).toThrow(
        `pickle protocol ${protocol.charCodeAt(0)}; this reader knows 2 to 5. Save it again with torch.save`,
      );
    expect(() => runPickle(cursor('N.'), 9)).toThrow('it does not begin with a protocol number');
    expect(runPickle(cursor('\x80\x02\x80\x02N.'), 9)).toBeNull();
  });

  it('has as many opcodes as allowed', () => {
    expect(run('N.', 3)).toBeNull();
    expect(() => run('N.', 2)).toThrow(TorchFileLimitError);
    expect(() => run('N.', 2)).toThrow(/the pickle goes on and on.*maxOpcodes is 2/);
  });

  it('has integers and names up to a thousand bytes', () => {
    const long = (length: number) =>
      `\x8b${String.fromCharCode(length & 255, length >> 8)}\x00\x00${'\x00'.repeat(length)}`;
    expect(value(long(1000))).toBe(0);
    expect(() => value(long(1001))).toThrow('an integer of 1001 bytes');
    expect(value(`c${'m'.repeat(999)}\nf\n`)).toEqual(global('m'.repeat(999), 'f'));
    expect(() => value(`c${'m'.repeat(1000)}\nf\n`)).toThrow('a name without an end, or longer than 1000 bytes');
    expect(() => value('cm\nf')).toThrow('a name without an end');
  });
});

describe('what a pickle says', () => {
  const call = (module: string, name: string, entries: [PickleNode, PickleNode][] = []): PickleNode => ({
    kind: 'call',
    callee: global(module, name),
    args: [],
    at: 0,
    entries,
    items: [],
    state: undefined,
  });

  it.each<[PickleNode | undefined, string]>([
    [undefined, 'nothing'],
    [null, 'None'],
    ['a', '"a"'],
    ['a'.repeat(40), `"${'a'.repeat(40)}"`],
    ['a'.repeat(41), `"${'a'.repeat(40)}…"`],
    [7, '7'],
    [7n, '7'],
    [true, 'true'],
    [new Uint8Array(3), '3 bytes'],
    [global('os', 'system'), 'os.system'],
    [call('os', 'system'), 'a os.system'],
    [{ kind: 'persistent', id: 1, at: 0 }, 'a storage'],
    [list(), 'a list'],
    [dict(), 'a dict'],
    [tuple(), 'a tuple'],
    [set(), 'a set'],
  ])('reads %j as %s', (node, words) => {
    expect(describeNode(node)).toBe(words);
  });

  it('has entries where it is a mapping, and items where it is a sequence', () => {
    const entries: [PickleNode, PickleNode][] = [['a', 1]];
    expect(mappingEntries(dict(...entries))).toEqual(entries);
    for (const [module, name] of [
      ['collections', 'OrderedDict'],
      ['collections', 'defaultdict'],
      ['collections', 'Counter'],
      ['builtins', 'dict'],
    ] as const)
      expect(mappingEntries(call(module, name, entries))).toEqual(entries);
    expect(sequenceItems(list(1))).toEqual([1]);
    expect(sequenceItems(tuple(1))).toEqual([1]);
    for (const none of [undefined, null, 7, 'a', new Uint8Array(1), set(1), global('a', 'b')]) {
      expect(mappingEntries(none)).toBeUndefined();
      expect(sequenceItems(none)).toBeUndefined();
      expect([isCall(none), isGlobal(none)]).toEqual([false, none === undefined ? false : isGlobal(none)]);
    }
    expect(mappingEntries(list(1))).toBeUndefined();
    expect(mappingEntries(call('os', 'system', entries))).toBeUndefined();
    expect(sequenceItems(dict())).toBeUndefined();
    expect([isCall(call('a', 'b')), isGlobal(global('a', 'b')), isCall(global('a', 'b')), isGlobal(list())]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([isCall(new Uint8Array(1)), isGlobal(new Uint8Array(1))]).toEqual([false, false]);
    expect(qualifiedName(global('a.b', 'c'))).toBe('a.b.c');
  });
});

describe('what is written', () => {
  const hex = (write: (pickle: PickleWriter) => PickleWriter): string =>
    Buffer.from(write(new PickleWriter()).finish()).toString('latin1');

  it.each<[string, number, string]>([
    ['0', 0, 'K\x00'],
    ['255', 255, 'K\xff'],
    ['256', 256, 'J\x00\x01\x00\x00'],
    ['-1', -1, 'J\xff\xff\xff\xff'],
    ['-2^31', -(2 ** 31), 'J\x00\x00\x00\x80'],
    ['-2^31 - 1', -(2 ** 31) - 1, '\x8a\x08\xff\xff\xff\x7f\xff\xff\xff\xff'],
    ['2^31 - 1', 2 ** 31 - 1, 'J\xff\xff\xff\x7f'],
    ['2^31', 2 ** 31, '\x8a\x08\x00\x00\x00\x80\x00\x00\x00\x00'],
    ['-0', -0, 'G\x80\x00\x00\x00\x00\x00\x00\x00'],
    ['1.5', 1.5, 'G\x3f\xf8\x00\x00\x00\x00\x00\x00'],
    ['2^53', 2 ** 53, 'G\x43\x40\x00\x00\x00\x00\x00\x00'],
  ])('of %s is what Python writes', (_, number, expected) => {
    expect(hex((pickle) => pickle.number(number))).toBe(`\x80\x02${expected}.`);
  });

  it('of a tensor is what torch.save writes, without its memo', () => {
    const tensor = { dtype: 'float32', shape: [2, 3], strides: [3, 1], storage: 'é', elements: 6 } as const;
    const head =
      '\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x02\x00\x00\x00\xc3\xa9X\x03\x00\x00\x00cpuK\x06tQ';
    const tail = '(K\x02K\x03t(K\x03K\x01t\x89ccollections\nOrderedDict\n)RtR.';
    expect(hex((pickle) => pickle.tensor(tensor))).toBe(`${head}K\x00${tail}`);
    expect(hex((pickle) => pickle.tensor({ ...tensor, offset: 5 }))).toBe(`${head}K\x05${tail}`);
    expect(() => new PickleWriter().tensor({ ...tensor, dtype: 'uint16' })).toThrow(
      new TypeError('torch has no storage class for uint16; write int64 or float32'),
    );
  });

  it('of a data set holds its tensors one after the other, each with a storage of its own', async () => {
    const written = runPickle(
      new PickleCursor(
        'p.pt',
        tensorDatasetPickle([
          { dtype: 'float64', shape: [4] },
          { dtype: 'int8', shape: [2, 5] },
        ]),
        0,
      ),
      1000,
    );
    expect(written).toMatchObject({
      callee: global('torch.utils.data.dataset', 'TensorDataset'),
      args: [],
      state: {
        kind: 'dict',
        entries: [
          [
            'tensors',
            {
              kind: 'tuple',
              items: [
                {
                  args: [
                    { id: { items: ['storage', global('torch', 'DoubleStorage'), '0', 'cpu', 4] } },
                    0,
                    tuple(4),
                    tuple(1),
                    false,
                    {},
                  ],
                },
                {
                  args: [
                    { id: { items: ['storage', global('torch', 'CharStorage'), '1', 'cpu', 10] } },
                    0,
                    tuple(2, 5),
                    tuple(5, 1),
                    false,
                    {},
                  ],
                },
              ],
            },
          ],
        ],
      },
    });
    await expect(openTorchFile(bufferSource('none.pt', tensorDatasetPickle([])))).rejects.toThrow('none.pt');
  });
});
