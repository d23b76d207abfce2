/*
 * What v6shim doctor finds out about this host. Nothing is changed, and nothing is sent but where it says so. After
 * settings_load() and the setting up of state_current().
 */
#ifndef V6SHIM_COMMAND_DOCTOR_HOST_H
#define V6SHIM_COMMAND_DOCTOR_HOST_H

#include "command/common/config_target.h"
#include "command/doctor/finding.h"

/* Addresses, routes, sysctls, NAT64 as far as it is known. */
void host_judge_network(struct findings *findings);

/* How names become addresses: resolv.conf, nsswitch.conf, the address policy. */
void host_judge_names(struct findings *findings);

/* What is the shim's own: the library, ld.so.preload, the state directory, the settings. */
void host_judge_library(struct findings *findings);
void host_judge_state(struct findings *findings);
void host_judge_settings(struct findings *findings, struct config_target *target); /* of a program or a process */

#endif
