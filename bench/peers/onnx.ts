/**
 * ONNX models written in memory: the messages of onnx.proto3 (github.com/onnx/onnx, field numbers from there) that a
 * graph with initialisers needs, and a builder that fills them.
 */
import protobuf from 'protobufjs/light.js';

/** TensorProto.DataType */
export const dataTypes = { f32: 1, uint8: 2, int32: 6, int64: 7, f16: 10 } as const;
export type DataType = keyof typeof dataTypes;

export interface TensorProto {
  name: string;
  dataType: number;
  dims: number[];
  /** Little-endian, as ONNX wants it. */
  rawData: Uint8Array;
}

export interface AttributeProto {
  name: string;
  /** AttributeProto.AttributeType: FLOAT 1, INT 2. */
  type: number;
  f?: number;
  i?: number;
}

export interface NodeProto {
  name: string;
  opType: string;
  domain: string;
  /** '' stands for an optional input or output that is left out. */
  input: string[];
  output: string[];
  attribute: AttributeProto[];
}

export interface ValueInfoProto {
  name: string;
  type: { tensorType: { elemType: number; shape: { dim: ({ dimValue: number } | { dimParam: string })[] } } };
}

export interface ModelProto {
  irVersion: number;
  producerName: string;
  opsetImport: { domain: string; version: number }[];
  graph: {
    name: string;
    node: NodeProto[];
    initializer: TensorProto[];
    input: ValueInfoProto[];
    output: ValueInfoProto[];
  };
}

/** The parts of onnx.proto3 in use; a reader that knows them all reads what is written with these. */
const schema = protobuf.Root.fromJSON({
  nested: {
    OperatorSetIdProto: {
      fields: { domain: { id: 1, type: 'string' }, version: { id: 2, type: 'int64' } },
    },
    TensorProto: {
      fields: {
        dims: { id: 1, type: 'int64', rule: 'repeated' },
        dataType: { id: 2, type: 'int32' },
        name: { id: 8, type: 'string' },
        rawData: { id: 9, type: 'bytes' },
      },
    },
    AttributeProto: {
      fields: {
        name: { id: 1, type: 'string' },
        f: { id: 2, type: 'float' },
        i: { id: 3, type: 'int64' },
        type: { id: 20, type: 'int32' },
      },
    },
    NodeProto: {
      fields: {
        input: { id: 1, type: 'string', rule: 'repeated' },
        output: { id: 2, type: 'string', rule: 'repeated' },
        name: { id: 3, type: 'string' },
        opType: { id: 4, type: 'string' },
        attribute: { id: 5, type: 'AttributeProto', rule: 'repeated' },
        domain: { id: 7, type: 'string' },
      },
    },
    Dimension: {
      oneofs: { value: { oneof: ['dimValue', 'dimParam'] } },
      fields: { dimValue: { id: 1, type: 'int64' }, dimParam: { id: 2, type: 'string' } },
    },
    TensorShapeProto: { fields: { dim: { id: 1, type: 'Dimension', rule: 'repeated' } } },
    TensorTypeProto: {
      fields: { elemType: { id: 1, type: 'int32' }, shape: { id: 2, type: 'TensorShapeProto' } },
    },
    TypeProto: { fields: { tensorType: { id: 1, type: 'TensorTypeProto' } } },
    ValueInfoProto: { fields: { name: { id: 1, type: 'string' }, type: { id: 2, type: 'TypeProto' } } },
    GraphProto: {
      fields: {
        node: { id: 1, type: 'NodeProto', rule: 'repeated' },
        name: { id: 2, type: 'string' },
        initializer: { id: 5, type: 'TensorProto', rule: 'repeated' },
        input: { id: 11, type: 'ValueInfoProto', rule: 'repeated' },
        output: { id: 12, type: 'ValueInfoProto', rule: 'repeated' },
      },
    },
    ModelProto: {
      fields: {
        irVersion: { id: 1, type: 'int64' },
        producerName: { id: 2, type: 'string' },
        graph: { id: 7, type: 'GraphProto' },
        opsetImport: { id: 8, type: 'OperatorSetIdProto', rule: 'repeated' },
      },
    },
  },
});
const Model = schema.lookupType('ModelProto');

export function encodeModel(model: ModelProto): Uint8Array {
  return Model.encode(Model.create({ ...model })).finish();
}

/** What `encodeModel` wrote; for tests. */
export function decodeModel(bytes: Uint8Array): ModelProto {
  return Model.toObject(Model.decode(bytes), { longs: Number, defaults: true, arrays: true }) as ModelProto;
}

export type Attributes = Record<string, { int: number } | { float: number }>;

/** A number is a fixed size, a text the name of one that may vary. */
export type Dims = readonly (number | string)[];

/** Collects nodes and initialisers in order; the same initialiser may be asked for by many nodes and is kept once. */
export class GraphBuilder {
  private readonly nodes: NodeProto[] = [];
  private readonly initialisers = new Map<string, TensorProto>();
  private readonly inputs: ValueInfoProto[] = [];
  private readonly outputs: ValueInfoProto[] = [];

  input(name: string, type: DataType, dims: Dims): string {
    this.inputs.push(valueInfo(name, type, dims));
    return name;
  }

  output(name: string, type: DataType, dims: Dims): void {
    this.outputs.push(valueInfo(name, type, dims));
  }

  /** `make` is called for the first of a name only. */
  initialiser(name: string, type: DataType, dims: readonly number[], make: () => Uint8Array): string {
    if (!this.initialisers.has(name)) {
      this.initialisers.set(name, { name, dataType: dataTypes[type], dims: [...dims], rawData: make() });
    }
    return name;
  }

  /** Name of the node's first output. */
  node(
    name: string,
    opType: string,
    input: readonly string[],
    { attributes = {}, domain = '', output = [name] }: NodeOptions = {},
  ): string {
    const attribute = Object.entries(attributes).map(([key, value]) =>
      'int' in value ? { name: key, type: 2, i: value.int } : { name: key, type: 1, f: value.float },
    );
    this.nodes.push({ name, opType, domain, input: [...input], output: [...output], attribute });
    return output[0] ?? name;
  }

  finish(name: string): ModelProto {
    return {
      irVersion: 10,
      producerName: 'minference-peers',
      opsetImport: [
        { domain: '', version: 21 },
        { domain: 'com.microsoft', version: 1 },
      ],
      graph: {
        name,
        node: this.nodes,
        initializer: [...this.initialisers.values()],
        input: this.inputs,
        output: this.outputs,
      },
    };
  }
}

export interface NodeOptions {
  attributes?: Attributes;
  /** '' is ONNX's own set of operators, 'com.microsoft' onnxruntime's. */
  domain?: string;
  /** Default: one output with the node's name. */
  output?: readonly string[];
}

function valueInfo(name: string, type: DataType, dims: Dims): ValueInfoProto {
  const dim = dims.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: dataTypes[type], shape: { dim } } } };
}
