/** How a member learns the addresses of those it calls. */
export type Addresses = 'value' | 'config-key' | 'config-file';

/** The variable that holds a member's address. */
export const variableOf = ({ name }: { name: string }): string => `${name.toUpperCase().replaceAll('-', '_')}_ADDRESS`;

interface Program {
  name: string;
  says: string;
  port: number;
  calls: readonly { name: string }[];
  addresses: Addresses;
}

/**
 * A web server of busybox whose answer holds its own words and the answers of all that it calls; 502 with the address
 * of the one that gave none. What its applet `wget` is told about time makes it crash in this build, hence `timeout`.
 */
export function programOf({ name, says, port, calls, addresses }: Program): string {
  const peers = calls.map((one) =>
    addresses === 'config-file' ? `\`cat /etc/addresses/${one.name}\`` : `$${variableOf(one)}`,
  );
  return `mkdir -p /tmp/www/cgi-bin
cat >/tmp/www/cgi-bin/ask <<'END'
#!/bin/sh
answer="${says}"
for peer in ${peers.join(' ')}; do
  if got=\`busybox timeout 3 wget -qO- "http://$peer/cgi-bin/ask" 2>/dev/null\`; then
    answer="$answer $got"
  else
    echo "${name}: no answer from $peer" >&2
    printf 'Status: 502 Bad Gateway\\r\\nContent-Type: text/plain\\r\\n\\r\\nno answer from %s\\n' "$peer"
    exit 0
  fi
done
printf 'Status: 200 OK\\r\\nContent-Type: text/plain\\r\\n\\r\\n%s\\n' "$answer"
END
chmod +x /tmp/www/cgi-bin/ask
echo alive >/tmp/www/index.html
echo "${name} listens on ${port}"
exec busybox httpd -f -p ${port} -h /tmp/www
`;
}
