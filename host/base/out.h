/* stdout carries data and nothing else. Verbs print with stdio and need not check: out_finish sees what failed.
 *
 * A reader that closes the pipe early (`| head`) is no failure: the verb finishes its work, which for `run` is a
 * result file, and its own exit status stands. Any other failure to write, such as a full disk, is EXIT_INPUT. */
#ifndef OUT_H
#define OUT_H

/* Flushes stdout; returns status, or EXIT_INPUT after a message when data was lost. */
int out_finish(int status);

#endif
