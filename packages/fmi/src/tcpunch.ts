export {
  TcpunchCommunicator,
  type MeetByName,
  type TcpunchOperationOptions,
  type TcpunchOptions,
} from './tcpunch-v1/tcpunch-communicator.ts';
