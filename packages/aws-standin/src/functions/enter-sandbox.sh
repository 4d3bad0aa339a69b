#!/bin/sh
# Makes Lambda's surroundings of an empty folder and becomes a command in them. Runs as root in a mount namespace of its own:
# what it mounts goes with the last process there.
#
# usage: enter-sandbox.sh ROOT TASK RUNTIME NODE TMP_MB CGROUP_PROCS COMMAND…
set -eu
root=$1 task=$2 runtime=$3 node=$4 size=$5 group=$6
shift 6
# Of the function, which the tools here are not on.
path=$PATH
PATH=/usr/sbin:/usr/bin:/sbin:/bin
setpriv=$(command -v setpriv)

bound() { mount --bind "$1" "$2" && mount -o remount,ro,bind "$2"; }

mount -t tmpfs -o mode=755,size=1m sandbox "$root"
mkdir -p "$root/var/task" "$root/var/runtime" "$root/var/lang/bin" "$root/tmp" "$root/proc" "$root/dev" "$root/etc" "$root/usr"
for name in bin lib lib32 lib64 sbin; do
  if [ -L "/$name" ]; then ln -s "$(readlink "/$name")" "$root/$name"
  elif [ -d "/$name" ]; then mkdir "$root/$name" && bound "/$name" "$root/$name"; fi
done
bound /usr "$root/usr"
bound "$task" "$root/var/task"
bound "$runtime" "$root/var/runtime"
touch "$root/var/lang/bin/node"
bound "$node" "$root/var/lang/bin/node"
for name in null zero random urandom full; do
  touch "$root/dev/$name"
  bound "/dev/$name" "$root/dev/$name"
done
ln -s /proc/self/fd "$root/dev/fd"
mount -t proc proc "$root/proc"
mount -o remount,ro,bind "$root/proc"
echo 'sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin' >"$root/etc/passwd"
echo 'sbx_user1051:x:990:' >"$root/etc/group"
echo '127.0.0.1 localhost' >"$root/etc/hosts"
echo 'hosts: files' >"$root/etc/nsswitch.conf"
mount -t tmpfs -o "mode=1777,size=${size}m,nosuid,nodev" tmp "$root/tmp"
mkdir "$root/mnt"
mount -o remount,ro,bind "$root"
echo $$ >"$group"
# Nothing of the machine is left behind the new root.
cd "$root"
pivot_root . mnt
umount -l /mnt
cd /var/task
PATH=$path
exec "$setpriv" --reuid 993 --regid 990 --clear-groups --no-new-privs "$@"
