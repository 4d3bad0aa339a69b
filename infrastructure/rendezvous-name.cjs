// Leads a DNS name to the rendezvous server: each time Fargate starts it, it has another public address.
// Lambda has these two clients without a package.
const { EC2Client, DescribeNetworkInterfacesCommand } = require('@aws-sdk/client-ec2');
const { Route53Client, ChangeResourceRecordSetsCommand } = require('@aws-sdk/client-route-53');

// Ranks look the name up when their run starts, so a replaced server may stay unknown for this long.
const SECONDS_TO_LIVE = 30;

/** Input: an "ECS Task State Change" of the server's task that has come to RUNNING. */
exports.handler = async (event) => {
  const details = event.detail.attachments.flatMap((attachment) => attachment.details);
  const networkInterface = details.find((detail) => detail.name === 'networkInterfaceId').value;
  const request = { NetworkInterfaceIds: [networkInterface] };
  const found = await new EC2Client({}).send(new DescribeNetworkInterfacesCommand(request));
  const address = found.NetworkInterfaces[0].Association.PublicIp;
  const record = {
    Name: process.env.NAME,
    Type: 'A',
    TTL: SECONDS_TO_LIVE,
    ResourceRecords: [{ Value: address }],
  };
  await new Route53Client({}).send(
    new ChangeResourceRecordSetsCommand({
      HostedZoneId: process.env.ZONE_ID,
      ChangeBatch: { Changes: [{ Action: 'UPSERT', ResourceRecordSet: record }] },
    }),
  );
  console.log(JSON.stringify({ name: process.env.NAME, address }));
};
