/* One function per verb: reads its own arguments, does the work, returns the exit status of DESIGN section 7. */
#ifndef CLI_H
#define CLI_H

/* argv[0] is the verb. */
int cli_devices(int argc, char **argv);
int cli_doctor(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_describe(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_codegen(int argc, char **argv);
int cli_run(int argc, char **argv);
int cli_compare(int argc, char **argv);
int cli_recommend(int argc, char **argv);
int cli_study(int argc, char **argv);
int cli_predict(int argc, char **argv);
int cli_version(void);                   /* --version */
int cli_worker(int argc, char **argv);   /* not shown in help: the process that holds the device */

#endif
