# Makes a machine for systemd and becomes its first process. Run as the first process of new mount, PID, network, IPC,
# UTS and cgroup namespaces, with the repository's folder, an empty folder and folders to show read-only as arguments.
#
# systemd believes that a machine is its own: it empties /tmp, sets sysctls, makes devices. So its root is a tmpfs in
# which programs and configuration are mounted read-only, and nothing else of the host's can be reached. The units
# below are all that it knows; what the host has of them is not looked at.
set -eu
repository=$1
root=$2
shift 2

mount -t tmpfs -o mode=755 tmpfs "$root"
cd "$root"
mkdir -p dev etc proc run sys tmp usr var/tmp var/lib var/log root oldroot
chmod 1777 tmp var/tmp
for link in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$link" ]; then cp -a "/$link" .; fi
done
for folder in /usr /etc "$repository" "$@"; do
  [ -d "$folder" ] || continue
  mkdir -p ".$folder"
  mount --rbind "$folder" ".$folder"
  mount -o remount,bind,ro ".$folder"
done

mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty fuse; do
  [ -e "/dev/$device" ] || continue
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
touch dev/console
mount --bind /dev/null dev/console

mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
if [ -e proc/sysrq-trigger ]; then mount --bind /dev/null proc/sysrq-trigger; fi
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
ip link set lo up

mkdir -p run/units
mkfifo run/booted
cat > run/units/test.target <<X
[Unit]
Description=The test's machine
DefaultDependencies=no
Requires=dbus.service booted.service
X
cat > run/units/booted.service <<X
[Unit]
DefaultDependencies=no
After=dbus.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo booted > /run/booted'
X
cat > run/units/dbus.socket <<X
[Unit]
DefaultDependencies=no
[Socket]
ListenStream=/run/dbus/system_bus_socket
X
cat > run/units/dbus.service <<X
[Unit]
DefaultDependencies=no
Requires=dbus.socket
[Service]
Type=notify
ExecStart=/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile --systemd-activation
X

# A systemd of a user's, with a bus of its own, where /run/user-units is all that it knows.
cat > run/units/user.service <<X
[Unit]
DefaultDependencies=no
[Service]
Type=notify
User=daemon
Delegate=yes
Environment=XDG_RUNTIME_DIR=/run/user/daemon SYSTEMD_UNIT_PATH=/run/user-units
ExecStart=/lib/systemd/systemd --user --unit=test.target
X
mkdir -p run/user-units run/user/daemon
chown daemon run/user/daemon
cp run/units/test.target run/user-units/
cat > run/user-units/dbus.socket <<X
[Unit]
DefaultDependencies=no
[Socket]
ListenStream=%t/bus
X
cat > run/user-units/dbus.service <<X
[Unit]
DefaultDependencies=no
Requires=dbus.socket
[Service]
Type=notify
ExecStart=/usr/bin/dbus-daemon --session --address=systemd: --nofork --nopidfile --systemd-activation
X
sed -i 's/ booted.service//' run/user-units/test.target

pivot_root . oldroot
cd /
umount -l oldroot
rmdir oldroot
echo ready
exec env -i container=conmon-ts PATH=/usr/sbin:/usr/bin SYSTEMD_UNIT_PATH=/run/units \
  /lib/systemd/systemd --system --unit=test.target --log-target=null --show-status=false
