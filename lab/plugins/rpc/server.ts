// A resource provider over gRPC, from functions on plain values. Written against the protocol itself: the SDK's
// pulumi.provider.main drops the provider's configuration and has neither Read, previews nor detailed diffs.
import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as engineProto from "@pulumi/pulumi/proto/engine_pb";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService, type IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { topOf, type DetailedDiff, type Properties } from "./values";

export interface Failure {
  property: string;
  reason: string;
}

export interface Diffed {
  diff: DetailedDiff;
  /** The differences are between inputs, not between state and inputs. */
  inputDiff?: boolean;
  deleteBeforeReplace?: boolean;
  stables?: string[];
}

/** What a command says while it runs: shown beside the resource and replaced by the next line. */
export type Say = (line: string) => void;

export interface Resource {
  check(name: string, olds: Properties, news: Properties): { inputs: Properties; failures: Failure[] };
  diff(olds: Properties, oldInputs: Properties, news: Properties): Diffed;
  create(name: string, inputs: Properties, preview: boolean, say: Say): Promise<{ id: string; state: Properties }>;
  /** Undefined where it is gone. Without `state` it is an import. */
  read(
    id: string,
    state?: Properties,
    inputs?: Properties,
  ): Promise<{ state: Properties; inputs: Properties } | undefined>;
  update(state: Properties, inputs: Properties, preview: boolean, say: Say): Promise<Properties>;
  delete(id: string, state: Properties, say: Say): Promise<void>;
}

export interface Provider {
  name: string;
  version: string;
  resources: Record<string, Resource>;
  functions: Record<string, (args: Properties, say: Say) => Promise<Properties>>;
  checkConfig(news: Properties): Properties;
  diffConfig?: (olds: Properties, news: Properties) => Diffed;
  configure(config: Properties): void;
  acceptSecrets: boolean;
}

type Message = { getUrn(): string };
type Handler<Request, Response> = (request: Request) => Response | Promise<Response>;

const properties = (struct: Struct | undefined): Properties => struct?.toJavaScript() ?? {};
const struct = (values: Properties): Struct => Struct.fromJavaScript(values);

/** The name and the type that end a URN: urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME. */
function ofUrn(urn: string): { name: string; type: string } {
  const [, , types = "", ...name] = urn.split("::");
  return { name: name.join("::"), type: types.split("$").pop() ?? "" };
}

/** Requests that are not answered yet. */
let running = 0;

function unary<Request, Response>(handler: Handler<Request, Response>): grpc.handleUnaryCall<Request, Response> {
  return (call, respond) => {
    running += 1;
    const callback: typeof respond = (...answer) => {
      running -= 1;
      respond(...answer);
    };
    void (async () => handler(call.request))().then(
      (response) => callback(null, response),
      (error: Error & { code?: unknown }) => {
        const code = typeof error.code === "number" ? error.code : grpc.status.UNKNOWN;
        callback({ code, details: error.message, message: error.message });
      },
    );
  };
}

const unimplemented = (what: string): Error =>
  Object.assign(new Error(`${what} is not implemented`), { code: grpc.status.UNIMPLEMENTED });

function diffResponse({ diff, inputDiff, deleteBeforeReplace, stables }: Diffed): proto.DiffResponse {
  const paths = Object.entries(diff);
  const response = new proto.DiffResponse();
  response.setChanges(
    paths.length > 0 ? proto.DiffResponse.DiffChanges.DIFF_SOME : proto.DiffResponse.DiffChanges.DIFF_NONE,
  );
  response.setHasdetaileddiff(true);
  response.setDiffsList([...new Set(paths.map(([path]) => topOf(path)))]);
  response.setReplacesList([
    ...new Set(paths.filter(([, kind]) => kind.endsWith("REPLACE")).map(([path]) => topOf(path))),
  ]);
  response.setDeletebeforereplace(deleteBeforeReplace ?? false);
  response.setStablesList(stables ?? []);
  for (const [path, kind] of paths) {
    const property = new proto.PropertyDiff();
    property.setKind(proto.PropertyDiff.Kind[kind]);
    property.setInputdiff(inputDiff ?? false);
    response.getDetaileddiffMap().set(path, property);
  }
  return response;
}

function handlers(provider: Provider, engine: EngineClient, onCancel: () => void): IResourceProviderServer {
  const log = (urn: string, message: string, ephemeral: boolean): void => {
    const request = new engineProto.LogRequest();
    request.setSeverity(engineProto.LogSeverity.INFO);
    request.setUrn(urn);
    request.setMessage(message);
    request.setEphemeral(ephemeral);
    engine.log(request, () => undefined);
  };
  const sayer =
    (urn: string): Say =>
    (line) =>
      log(urn, line, true);
  const of = (request: Message): Resource => {
    const { type } = ofUrn(request.getUrn());
    const served = provider.resources[type];
    if (!served) throw new Error(`the lab's stand-in for the ${provider.name} plugin does not serve ${type}`);
    return served;
  };

  const served = {
    checkConfig: (request: proto.CheckRequest) => {
      const response = new proto.CheckResponse();
      response.setInputs(struct(provider.checkConfig(properties(request.getNews()))));
      return response;
    },
    diffConfig: (request: proto.DiffRequest) => {
      if (!provider.diffConfig) throw unimplemented("DiffConfig");
      return diffResponse(provider.diffConfig(properties(request.getOldInputs()), properties(request.getNews())));
    },
    configure: (request: proto.ConfigureRequest) => {
      provider.configure(properties(request.getArgs()));
      const what = `the "${provider.name}" plugin is the lab's stand-in, not the official one`;
      log(request.getUrn() ?? "", `${what}: for the lab and its tests only`, false);
      const response = new proto.ConfigureResponse();
      response.setAcceptsecrets(provider.acceptSecrets);
      response.setSupportspreview(true);
      return response;
    },
    check: (request: proto.CheckRequest) => {
      const { name } = ofUrn(request.getUrn());
      const { inputs, failures } = of(request).check(
        name,
        properties(request.getOlds()),
        properties(request.getNews()),
      );
      const response = new proto.CheckResponse();
      response.setInputs(struct(inputs));
      response.setFailuresList(
        failures.map(({ property, reason }) => new proto.CheckFailure().setProperty(property).setReason(reason)),
      );
      return response;
    },
    diff: (request: proto.DiffRequest) => {
      const [olds, oldInputs] = [properties(request.getOlds()), properties(request.getOldInputs())];
      return diffResponse(of(request).diff(olds, oldInputs, properties(request.getNews())));
    },
    create: async (request: proto.CreateRequest) => {
      const [{ name }, inputs] = [ofUrn(request.getUrn()), properties(request.getProperties())];
      const { id, state } = await of(request).create(name, inputs, request.getPreview(), sayer(request.getUrn()));
      const response = new proto.CreateResponse();
      response.setId(id);
      response.setProperties(struct(state));
      return response;
    },
    read: async (request: proto.ReadRequest) => {
      const importing = request.getProperties() === undefined && request.getInputs() === undefined;
      const known = importing ? [] : [properties(request.getProperties()), properties(request.getInputs())];
      const found = await of(request).read(request.getId(), known[0], known[1]);
      const response = new proto.ReadResponse();
      if (!found) return response;
      response.setId(request.getId());
      response.setProperties(struct(found.state));
      response.setInputs(struct(found.inputs));
      return response;
    },
    update: async (request: proto.UpdateRequest) => {
      const [olds, news] = [properties(request.getOlds()), properties(request.getNews())];
      const state = await of(request).update(olds, news, request.getPreview(), sayer(request.getUrn()));
      const response = new proto.UpdateResponse();
      response.setProperties(struct(state));
      return response;
    },
    delete: async (request: proto.DeleteRequest) => {
      await of(request).delete(request.getId(), properties(request.getProperties()), sayer(request.getUrn()));
      return new Empty();
    },
    invoke: async (request: proto.InvokeRequest) => {
      const invoked = provider.functions[request.getTok()];
      if (!invoked) {
        throw new Error(`the lab's stand-in for the ${provider.name} plugin does not serve ${request.getTok()}`);
      }
      const response = new proto.InvokeResponse();
      response.setReturn(struct(await invoked(properties(request.getArgs()), sayer(""))));
      return response;
    },
    getPluginInfo: () => new plugin.PluginInfo().setVersion(provider.version),
    getSchema: () => {
      const response = new proto.GetSchemaResponse();
      response.setSchema(JSON.stringify({ name: provider.name, version: provider.version }));
      return response;
    },
    cancel: () => {
      onCancel();
      return new Empty();
    },
  };
  const names = Object.keys(ResourceProviderService);
  const table = names.map((name) => {
    const handler = (served as Partial<Record<string, Handler<never, unknown>>>)[name];
    return [name, unary(handler ?? (() => Promise.reject(unimplemented(name))))];
  });
  return Object.fromEntries(table) as IResourceProviderServer;
}

/** Serves the provider to the engine that started this process, until the engine is gone. */
export function serve(provider: Provider): void {
  // A payload may be larger than gRPC's default of 4 MiB, the whole of it in one message.
  const limits = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
  const address = process.argv.slice(3).find((argument) => /:\d+$/.test(argument)) ?? "";
  const engine = new EngineClient(address, grpc.credentials.createInsecure(), limits);
  const server = new grpc.Server(limits);
  let [cancelled, interrupted] = [false, false];
  const endIfTold = (): void => {
    if (!cancelled || !interrupted) return;
    server.tryShutdown(() => process.exit(0));
    // grpc-js 1.14 now and then waits for a connection on which nothing is asked any more.
    setInterval(() => running === 0 && process.exit(0), 100);
  };
  server.addService(
    ResourceProviderService,
    handlers(provider, engine, () => {
      cancelled = true;
      endIfTold();
    }),
  );
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
  // An engine that is killed closes this pipe and says nothing else. What runs may end; nothing new comes.
  process.stdin.on("end", () => server.tryShutdown(() => process.exit(0)));
  process.stdin.resume();
  // The engine says Cancel, then interrupts, and kills after 5 s. Its patience is for all plugins together: one that takes
  // the whole of it makes the next look as if it had crashed. An interrupt without a Cancel is a person's Ctrl-C, which goes
  // to every process of the terminal; the engine decides what that means. On a busy machine the interrupt overtakes the Cancel.
  process.on("SIGINT", () => {
    interrupted = true;
    endIfTold();
  });
}
