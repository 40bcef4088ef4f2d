import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { startSession } from './server-session.ts';

/** Entry of the language server process; the client chooses the transport (`--node-ipc` or `--stdio`). */
const connection = createConnection(ProposedFeatures.all);
startSession(connection);
connection.listen();
