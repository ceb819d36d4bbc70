#!/usr/bin/env bash
# A real Redmine on loopback for the tests, from Debian's packages, on SQLite.
#
#   redmine.sh start   installs what is missing, starts it unless it runs, and
#                      prints where it is as assignments for the environment
#   redmine.sh stop    ends it and removes its data
#
# Everything but the packages lies in REDMINE_DIR, /tmp/roleos-redmine unless
# set; the port is REDMINE_PORT, 3399 unless set. Only installing needs root.
set -euo pipefail

dir=$(realpath -m "${REDMINE_DIR:-/tmp/roleos-redmine}")
port=${REDMINE_PORT:-3399}
url=http://127.0.0.1:$port
app=/usr/share/redmine

say() { echo "redmine.sh: $*" >&2; }

answers() {
  [ -s "$dir/key" ] &&
    curl -fsS -m 10 -o /dev/null -H "X-Redmine-API-Key: $(cat "$dir/key")" "$url/projects/river.json" 2>/dev/null
}

stop() {
  if [ -f "$dir/pid" ]; then
    local pid
    pid=$(cat "$dir/pid")
    # Only what this script started: the number may long belong to another process.
    if grep -qs puma "/proc/$pid/cmdline"; then
      kill "$pid" || true
      for _ in $(seq 50); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
      done
      kill -9 "$pid" 2>/dev/null || true
    fi
  fi
  # By name: REDMINE_DIR may hold something else as well.
  (cd "$dir" 2>/dev/null && rm -rf config files log tmp apt.log key key.new migrate.log pid redmine.db* seed.log seed.rb) || true
  rmdir "$dir" 2>/dev/null || true
}

install() {
  [ -f "$app/config.ru" ] && command -v puma >/dev/null && command -v curl >/dev/null && return
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    say 'missing: redmine redmine-sqlite puma curl; install them and run this again'
    exit 1
  fi
  say 'installing Redmine'
  # The package's own database is not wanted: this one is made below.
  printf '%s\n' 'redmine redmine/instances/default/dbconfig-install boolean false' \
    'redmine redmine/instances/default/database-type select sqlite3' | debconf-set-selections
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends \
    redmine redmine-sqlite ruby-sqlite3 puma curl >"$dir/apt.log" 2>&1 || {
    tail -n 30 "$dir/apt.log" >&2
    exit 1
  }
}

# rails runs a command with this script's configuration and data. Debian's
# Redmine looks for both below instances/, so the name of ours is a path out of there.
rails() {
  (cd "$app" && env -u RUBYOPT X_DEBIAN_SITEID="../../../..$dir" RAILS_ENV=production REDMINE_LANG=en \
    RUBYOPT=-W0 SCHEMA=/dev/null "$@")
}

prepare() {
  mkdir -p "$dir/config" "$dir/log" "$dir/tmp" "$dir/files"
  chmod 700 "$dir"
  cat >"$dir/config/database.yml" <<EOF
production:
  adapter: sqlite3
  database: $dir/redmine.db
  timeout: 20000
EOF
  head -c 64 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$dir/config/secret_key.txt"
  head -c 20 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$dir/key.new"
  say 'making the database'
  rails bin/rake db:migrate >"$dir/migrate.log" 2>&1 || { tail -n 30 "$dir/migrate.log" >&2; exit 1; }
  # The workflow, trackers and statuses that Redmine itself ships, REST on, two
  # projects, and one user who may work in them and is no administrator.
  cat >"$dir/seed.rb" <<'EOF'
ActiveRecord::Base.connection.execute('PRAGMA journal_mode = WAL') # far fewer waits for the disk
Redmine::DefaultData::Loader.load('en') if Redmine::DefaultData::Loader.no_data?
Setting.rest_api_enabled = '1'
Setting.login_required = '1'
Setting.notified_events = []
role = Role.where(builtin: 0).order(:position).first
role.permissions = role.permissions | [:view_issues, :add_issues, :edit_issues]
role.save!
user = User.new(firstname: 'Feedback', lastname: 'River', mail: 'river@example.com', status: 1)
user.login = 'river'
user.random_password
user.save!
{ 'river' => 'River', 'river-staging' => 'River staging' }.each do |id, name|
  project = Project.create!(identifier: id, name: name, is_public: false, tracker_ids: Tracker.pluck(:id), enabled_module_names: ['issue_tracking'])
  Member.create!(user: user, project: project, roles: [role])
end
Token.where(user_id: user.id, action: 'api').delete_all
token = Token.create!(user: user, action: 'api')
token.update_column(:value, File.read(ARGV[0]).strip)
EOF
  rails bin/rails runner "$dir/seed.rb" "$dir/key.new" >"$dir/seed.log" 2>&1 || { tail -n 30 "$dir/seed.log" >&2; exit 1; }
  mv "$dir/key.new" "$dir/key"
}

start() {
  if ! answers; then
    stop
    mkdir -p "$dir"
    install
    prepare
    say 'starting'
    # One thread: Ruby's SQLite waits for a lock without letting the holder go on.
    rails setsid puma --quiet -e production -t 1:1 --pidfile "$dir/pid" -b "tcp://127.0.0.1:$port" </dev/null >"$dir/log/puma.log" 2>&1 &
    for _ in $(seq 240); do
      answers && break
      kill -0 $! 2>/dev/null || break
      sleep 0.25
    done
    answers || { tail -n 30 "$dir/log/puma.log" >&2; say 'Redmine does not answer'; exit 1; }
  fi
  echo "ROLEOS_TEST_REDMINE_URL=$url"
  echo "ROLEOS_TEST_REDMINE_KEY=$(cat "$dir/key")"
}

case ${1:-} in
start) start ;;
stop) stop ;;
*)
  sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
  exit 2
  ;;
esac
