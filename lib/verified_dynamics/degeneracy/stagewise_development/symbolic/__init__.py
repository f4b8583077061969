"""Every statement of the chapter on stagewise development that symbols settle, and the controls that must fail."""

from verified_dynamics.degeneracy.stagewise_development.symbolic.ceiling import CONTROLS as CEILING_CONTROLS
from verified_dynamics.degeneracy.stagewise_development.symbolic.ceiling import (
    STATEMENTS as CEILING_STATEMENTS,
)
from verified_dynamics.degeneracy.stagewise_development.symbolic.ceiling import (
    best_multiple,
    best_multiple_is_attained,
    ceiling,
    ceiling_above_untrained,
    estimate_on_a_slope,
    estimate_on_a_slope_as_at_a_minimum,
    fitted_slope,
    fitted_slope_without_chain,
    pinned_above_zero,
    pinned_on_a_slope,
    slope_keeps_positive,
    slope_makes_negative,
    stage_ratio_at_ceiling,
    stage_ratio_of_local_chains,
    zero_is_best,
)
from verified_dynamics.degeneracy.stagewise_development.symbolic.language import CONTROLS as LANGUAGE_CONTROLS
from verified_dynamics.degeneracy.stagewise_development.symbolic.language import (
    STATEMENTS as LANGUAGE_STATEMENTS,
)
from verified_dynamics.degeneracy.stagewise_development.symbolic.language import (
    blind_match_takes_all,
    log_below_smaller_line,
    log_below_tangent,
    ratio_forgets_the_rest,
    score_is_entropy_plus_divergence,
    score_with_reversed_divergence,
    sharp_match_takes_all,
    weight_forgets_the_rest,
    weight_of_the_match,
)
from verified_dynamics.degeneracy.stagewise_development.symbolic.random_walk import (
    CONTROLS as RANDOM_WALK_CONTROLS,
)
from verified_dynamics.degeneracy.stagewise_development.symbolic.random_walk import (
    STATEMENTS as RANDOM_WALK_STATEMENTS,
)
from verified_dynamics.degeneracy.stagewise_development.symbolic.random_walk import (
    circle_has_one_centre,
    evolute_moves_along_the_normal,
    evolute_stops_at_a_vertex,
    evolute_with_bare_curvature,
    mean_of_kernel,
    second_component_is_a_parabola,
    third_component_is_a_parabola,
    walk_comes_to_rest,
    walk_components,
    walk_components_uncentred,
    walk_has_a_cusp_at_half_time,
    walk_has_a_smooth_evolute,
    walk_keeps_moving,
    walk_share,
    walk_share_uncentred,
    walk_total,
)
from verified_dynamics.degeneracy.stagewise_development.symbolic.steps import CONTROLS as STEPS_CONTROLS
from verified_dynamics.degeneracy.stagewise_development.symbolic.steps import STATEMENTS as STEPS_STATEMENTS
from verified_dynamics.degeneracy.stagewise_development.symbolic.steps import (
    curvature_between,
    detection_distance,
    detection_distance_of_one_step,
    middle_is_flattest,
    middle_is_flattest_when_close,
    plateaus_deepen,
    power_law_never_steepens,
    power_law_slope,
    slope_between,
    step_slope,
    step_slope_without_width,
    two_steps_never_steepen,
)

STATEMENTS = (*CEILING_STATEMENTS, *LANGUAGE_STATEMENTS, *RANDOM_WALK_STATEMENTS, *STEPS_STATEMENTS)
CONTROLS = (*CEILING_CONTROLS, *LANGUAGE_CONTROLS, *RANDOM_WALK_CONTROLS, *STEPS_CONTROLS)

__all__ = [
    "CONTROLS",
    "STATEMENTS",
    "best_multiple",
    "best_multiple_is_attained",
    "blind_match_takes_all",
    "ceiling",
    "ceiling_above_untrained",
    "circle_has_one_centre",
    "curvature_between",
    "detection_distance",
    "detection_distance_of_one_step",
    "estimate_on_a_slope",
    "estimate_on_a_slope_as_at_a_minimum",
    "evolute_moves_along_the_normal",
    "evolute_stops_at_a_vertex",
    "evolute_with_bare_curvature",
    "fitted_slope",
    "fitted_slope_without_chain",
    "log_below_smaller_line",
    "log_below_tangent",
    "mean_of_kernel",
    "middle_is_flattest",
    "middle_is_flattest_when_close",
    "pinned_above_zero",
    "pinned_on_a_slope",
    "plateaus_deepen",
    "power_law_never_steepens",
    "power_law_slope",
    "ratio_forgets_the_rest",
    "score_is_entropy_plus_divergence",
    "score_with_reversed_divergence",
    "second_component_is_a_parabola",
    "sharp_match_takes_all",
    "slope_between",
    "slope_keeps_positive",
    "slope_makes_negative",
    "stage_ratio_at_ceiling",
    "stage_ratio_of_local_chains",
    "step_slope",
    "step_slope_without_width",
    "third_component_is_a_parabola",
    "two_steps_never_steepen",
    "walk_comes_to_rest",
    "walk_components",
    "walk_components_uncentred",
    "walk_has_a_cusp_at_half_time",
    "walk_has_a_smooth_evolute",
    "walk_keeps_moving",
    "walk_share",
    "walk_share_uncentred",
    "walk_total",
    "weight_forgets_the_rest",
    "weight_of_the_match",
    "zero_is_best",
]
