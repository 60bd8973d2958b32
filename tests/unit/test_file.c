#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "file.h"

static char folder[] = "/tmp/test_file_XXXXXX";

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static const char *in_folder(const char *name) {
  static char path[4][256];
  static unsigned turn;
  char *out = path[turn++ % 4];
  snprintf(out, sizeof path[0], "%s/%s", folder, name);
  return out;
}

/* Renamed over, a pipe would no longer be one, nor /dev/null what it is. */
static void what_is_no_regular_file_stays_what_it_is(void **state) {
  (void)state;
  const char *path = in_folder("pipe");
  char read_back[8] = "";
  struct stat info;
  struct error err = {0};
  assert_int_equal(mkfifo(path, 0600), 0);
  const int reader = open(path, O_RDONLY | O_NONBLOCK);
  assert_true(reader >= 0);
  assert_true(file_write(path, "hello", 5, true, &err));
  assert_int_equal(read(reader, read_back, sizeof read_back), 5);
  assert_string_equal(read_back, "hello");
  assert_true(stat(path, &info) == 0 && S_ISFIFO(info.st_mode));
  assert_false(file_write(path, "hello", 5, false, &err));
  close(reader);
  unlink(path);
}

static void holds(const char *path, const char *expected) {
  size_t bytes;
  struct error err = {0};
  char *text = file_read(path, 1 << 20, &bytes, &err);
  if (!text) fail_msg("%s", err.text);
  assert_int_equal(bytes, strlen(expected));
  assert_string_equal(text, expected);
  free(text);
}

static size_t count_files(void) {
  size_t n = 0;
  DIR *dir = opendir(folder);
  assert_non_null(dir);
  while (readdir(dir)) n++;
  closedir(dir);
  return n - 2;
}

static void writes_and_reads_whole_files(void **state) {
  (void)state;
  struct error err = {0};
  const char *path = in_folder("a");
  assert_true(file_write(path, "hello", 5, false, &err));
  holds(path, "hello");
  assert_true(file_write(path, "", 0, true, &err));
  holds(path, "");
  size_t large = 300000, bytes;
  char *data = malloc(large);
  assert_non_null(data);
  memset(data, 'x', large);
  assert_true(file_write(path, data, large, true, &err));
  char *back = file_read(path, large, &bytes, &err);
  assert_true(back && bytes == large && memcmp(back, data, large) == 0 && back[large] == '\0');
  free(back);
  assert_null(file_read(path, large - 1, &bytes, &err));
  assert_true(strstr(err.text, "at most") != NULL);
  free(data);
  assert_int_equal(count_files(), 1);   /* no temporary file is left */
  struct stat info;
  stat(path, &info);
  mode_t mask = umask(0);
  umask(mask);
  assert_int_equal(info.st_mode & 0777, 0666 & ~mask);
}

static void an_existing_file_is_never_overwritten_unasked(void **state) {
  (void)state;
  struct error err = {0};
  const char *path = in_folder("keep");
  assert_true(file_write(path, "first", 5, false, &err));
  size_t before = count_files();
  assert_false(file_write(path, "second", 6, false, &err));
  assert_true(strstr(err.text, "exists") && strstr(err.text, "nothing was overwritten"));
  holds(path, "first");
  assert_int_equal(count_files(), before);
  assert_true(file_write(path, "third", 5, true, &err));
  holds(path, "third");
}

static void expect_failure(const char *path, const char *cause, const char *remedy) {
  struct error err = {0};
  assert_false(file_write(path, "x", 1, true, &err));
  assert_int_equal(err.kind, ERROR_INPUT);
  if (!strstr(err.text, path) || !strstr(err.text, cause) || !strstr(err.text, remedy))
    fail_msg("unclear: %s", err.text);
}

static void each_cause_has_its_message(void **state) {
  (void)state;
  struct error err = {0};
  size_t bytes;
  assert_null(file_read(in_folder("absent"), 10, &bytes, &err));
  assert_true(strstr(err.text, "absent") && strstr(err.text, "No such file") && strstr(err.text, "check the name"));
  assert_null(file_read(folder, 10, &bytes, &err));
  assert_true(strstr(err.text, "directory") && strstr(err.text, "name a file in it"));
  assert_true(mkfifo(in_folder("pipe"), 0600) == 0);
  assert_null(file_read(in_folder("pipe"), 10, &bytes, &err));   /* and does not wait for a writer */
  assert_true(strstr(err.text, "not a regular file") != NULL);
  expect_failure(folder, "directory", "name a file in it");
  expect_failure(in_folder("no/such/folder/x"), "No such file", "folder exists");
  assert_true(file_write(in_folder("plain"), "x", 1, true, &err));
  expect_failure(in_folder("plain/x"), "Not a directory", "another place");
  char lengthy[400];
  memset(lengthy, 'n', sizeof lengthy - 1);
  lengthy[sizeof lengthy - 1] = '\0';
  memcpy(lengthy, folder, strlen(folder));
  lengthy[strlen(folder)] = '/';
  expect_failure(lengthy, "too long", "shorter name");
}

static void a_forbidden_folder_is_told(void **state) {
  (void)state;
  assert_true(mkdir(in_folder("locked"), 0555) == 0);
  uid_t user = geteuid();
  assert_true(chmod(folder, 0755) == 0);
  if (user == 0 && seteuid(65534) != 0) skip();   /* root is stopped by no permission */
  expect_failure(in_folder("locked/x"), "Permission denied", "permissions");
  assert_true(geteuid() == user || seteuid(user) == 0);
}

/* A limit on the file size stands for a full disk: the write stops short in the same way. */
static void a_disk_that_fills_leaves_things_as_they_were(void **state) {
  (void)state;
  struct error err = {0};
  const char *path = in_folder("full");
  assert_true(file_write(path, "before", 6, false, &err));
  size_t before = count_files();
  struct rlimit old, small;
  assert_true(getrlimit(RLIMIT_FSIZE, &old) == 0);
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  small = old;
  small.rlim_cur = 10000;
  assert_true(setrlimit(RLIMIT_FSIZE, &small) == 0);
  static char data[50000];
  bool written = file_write(path, data, sizeof data, true, &err);
  bool fresh = file_write(in_folder("fresh"), data, sizeof data, false, &err);
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, handler);
  assert_false(written);
  assert_false(fresh);
  assert_true(strstr(err.text, "File too large") && strstr(err.text, "ulimit -f"));
  holds(path, "before");
  assert_false(file_exists(in_folder("fresh")));
  assert_int_equal(count_files(), before);
}

static void every_error_number_has_a_remedy(void **state) {
  (void)state;
  for (int number = 1; number < 134; number++) {
    struct error err = {0};
    assert_false(file_error(&err, "write", "there", number));
    assert_true(strstr(err.text, "cannot write 'there': ") && strstr(err.text, "; "));
  }
  struct error err = {0};
  file_error(&err, "write", "there", ENOSPC);
  assert_string_equal(err.text, "cannot write 'there': No space left on device; free some space or name another place");
}

static void folders_are_made_with_their_parents(void **state) {
  (void)state;
  struct error err = {0};
  assert_true(file_make_folders(in_folder("p/q//r/"), &err));
  assert_true(file_make_folders(in_folder("p/q/r"), &err));
  assert_true(file_exists(in_folder("p/q/r")));
  assert_true(file_write(in_folder("p/file"), "x", 1, false, &err));
  assert_false(file_make_folders(in_folder("p/file/x"), &err));
  assert_true(strstr(err.text, "p/file") && strstr(err.text, "Not a directory"));
  assert_false(file_make_folders(in_folder("p/file"), &err));
  assert_false(file_make_folders("", &err));
  assert_true(file_make_folders("/", &err));
}

static void files_under_proc_are_read_whole(void **state) {
  (void)state;
  size_t bytes;
  struct error err = {0};
  char *text = file_read("/proc/self/status", 1 << 20, &bytes, &err);   /* its size is told as 0 */
  assert_true(text && bytes > 100 && strlen(text) == bytes);
  free(text);
  assert_null(file_read("/proc/self/status", 50, &bytes, &err));
}

static void sha256_of_the_standards_examples(void **state) {
  (void)state;
  static const struct { const char *text, *hash; } known[] = {   /* NIST's example values */
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
  };
  char hash[65];
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    sha256_hex(known[i].text, strlen(known[i].text), hash);
    assert_string_equal(hash, known[i].hash);
  }
  char *million = malloc(1000000);
  assert_non_null(million);
  memset(million, 'a', 1000000);
  sha256_hex(million, 1000000, hash);
  assert_string_equal(hash, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  free(million);
}

/* Every length round the padding's edges, against Python's hashlib: the hash of the hashes of 0..199 zeros. */
static void sha256_of_every_short_length(void **state) {
  (void)state;
  char hashes[200 * 64], out[65];
  static const unsigned char zeros[200];
  for (size_t n = 0; n < 200; n++) {
    sha256_hex(zeros, n, out);
    memcpy(hashes + 64 * n, out, 64);
  }
  sha256_hex(hashes, sizeof hashes, out);
  assert_string_equal(out, "ba0e721dc998238252c8b028f0ce4ea61910d7fcb8252e56492d919297596c14");
}

/* Only what file_write itself names: a suite may be called tiny.tmp, and its results with it. */
static void sweeps_temporaries_and_nothing_else(void **state) {
  (void)state;
  static const char *const gone[] = {"s.json.tmp12-0", "s.samples.json.tmp1234567-99", "s.tmp.json.tmp1-0"};
  static const char *const kept[] = {"s.json", "s.tmp.json", "s.tmp.2.json", "s.tmp12-0.json", "s.json.tmp",
                                     "s.json.tmp-", "s.json.tmp12-", "s.json.tmp-1", "other.json.tmp12-0"};
  enum { GONE = sizeof gone / sizeof gone[0], KEPT = sizeof kept / sizeof kept[0] };
  struct error err = {0};
  for (size_t i = 0; i < GONE; i++) assert_true(file_write(in_folder(gone[i]), "x", 1, true, &err));
  for (size_t i = 0; i < KEPT; i++) assert_true(file_write(in_folder(kept[i]), "x", 1, true, &err));
  file_remove_temporaries(in_folder("s."));
  for (size_t i = 0; i < GONE; i++)
    if (file_exists(in_folder(gone[i]))) fail_msg("%s is left", gone[i]);
  for (size_t i = 0; i < KEPT; i++) {
    if (!file_exists(in_folder(kept[i]))) fail_msg("%s has gone", kept[i]);
    unlink(in_folder(kept[i]));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(writes_and_reads_whole_files),
    cmocka_unit_test(an_existing_file_is_never_overwritten_unasked),
    cmocka_unit_test(what_is_no_regular_file_stays_what_it_is),
    cmocka_unit_test(each_cause_has_its_message),
    cmocka_unit_test(a_forbidden_folder_is_told),
    cmocka_unit_test(a_disk_that_fills_leaves_things_as_they_were),
    cmocka_unit_test(every_error_number_has_a_remedy),
    cmocka_unit_test(folders_are_made_with_their_parents),
    cmocka_unit_test(sweeps_temporaries_and_nothing_else),
    cmocka_unit_test(files_under_proc_are_read_whole),
    cmocka_unit_test(sha256_of_the_standards_examples),
    cmocka_unit_test(sha256_of_every_short_length),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
