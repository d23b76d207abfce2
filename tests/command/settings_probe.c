/* Loads the settings as the library does at its start, and prints them. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "preload/log/log.h"
#include "preload/system/settings.h"

int main(void)
{
    log_start();
    errno = EXDEV;
    settings_load();
    if (errno != EXDEV) {
        puts("errno was changed");
        return 1;
    }
    const struct settings *settings = settings_current();
    char pool[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &settings->alias_pool.address, pool, sizeof pool);
    printf("prefer %d\nfamilies %d\nresolution-delay %u\nalias-pool %s/%u\nalias-key %s\nstate-dir %s\naware %d\n"
           "log %d\nlog-file %s\n",
           (int)settings->prefer, (int)settings->families, settings->resolution_delay_ms, pool,
           settings->alias_pool.length, settings->alias_key, settings->state_dir, (int)settings->aware,
           (int)settings->log, settings->log_file);
    return 0;
}
