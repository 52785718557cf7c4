import { registry } from "@web/core/registry";

/** Milliseconds that a step waits for what it needs, as long as Odoo allows: for slow machines. */
const PATIENCE = 60000;

/**
 * Add a tour whose steps allow for a slow machine.
 *
 * @param {String} name
 * @param {() => Object[]} steps
 */
export function addTour(name, steps) {
    registry.category("web_tour.tours").add(name, {
        steps: () => steps().map((step) => ({ timeout: PATIENCE, ...step })),
    });
}
