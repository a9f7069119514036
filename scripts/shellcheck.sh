#!/bin/sh
# Every POSIX sh file in the repository: those named *.sh and those whose first line is #!/bin/sh.
set -eu
cd "$(dirname "$0")/.."
command -v shellcheck >/dev/null || { echo "shellcheck is missing: apt-get install shellcheck" >&2; exit 1; }
git ls-files -co --exclude-standard | while IFS= read -r file; do
  [ -f "$file" ] || continue
  case $file in
    *.sh) echo "$file" ;;
    *) if head -c 10 "$file" | grep -aqx '#!/bin/sh'; then echo "$file"; fi ;;
  esac
done | xargs -r shellcheck -s sh -x
