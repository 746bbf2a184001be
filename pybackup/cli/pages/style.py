"""The style sheet and the script of all pages, both embedded in each page."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;
--paper:#f6f7f9;--card:#fff;--ink:#1b2330;--soft:#5a6678;--line:#dfe3ea;--code:#eef1f5;
--good:#17743d;--warn:#8a5a00;--dire:#b01020;--good-bg:#e4f5ea;--warn-bg:#fdf1d8;--dire-bg:#fde6e7;
--d:#bcdcc8;--p:#b5cff0;--c:#d2c3ee;--r:#1497ad;--m:#e29a00;--s:#e0622b;--b:#c8102e;--y:#69b688}
@media screen and (prefers-color-scheme:dark){:root{
--paper:#12161d;--card:#1a2029;--ink:#e6eaf0;--soft:#9aa6b8;--line:#2c3542;--code:#232b37;
--good:#6fd79a;--warn:#f3c04f;--dire:#ff8088;--good-bg:#16301f;--warn-bg:#35290f;--dire-bg:#3b191d;
--d:#2b5440;--p:#2b4a76;--c:#4d3f75;--r:#33c6dd;--m:#f5b52e;--s:#ff8a52;--b:#ff4d5e;--y:#3f8a63}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:72rem;margin:0 auto;padding:1.5rem 1.25rem 3rem}
h1{font-size:1.45rem;margin:0 0 1rem;line-height:1.25;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:0 0 .75rem}
p{margin:.35rem 0}
small,.soft{color:var(--soft)}
.eyebrow{color:var(--soft);font-size:.85rem;margin:0 0 .15rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.1rem 1.25rem;margin:0 0 1.1rem}
.state{display:flex;gap:1.1rem;border-left:6px solid var(--tone);background:var(--tone-bg)}
.state>svg{flex:none;width:3rem;height:3rem;fill:var(--tone)}
.state strong{display:block;font-size:1.5rem;line-height:1.2;color:var(--tone)}
.state div{min-width:0;flex:1}
.good{--tone:var(--good);--tone-bg:var(--good-bg)}
.warn{--tone:var(--warn);--tone-bg:var(--warn-bg)}
.dire{--tone:var(--dire);--tone-bg:var(--dire-bg)}
.next{margin:.8rem 0 0;font-weight:600}
pre{margin:.3rem 0 0;padding:.5rem .75rem;background:var(--code);color:var(--ink);border:1px solid var(--line);
border-radius:8px;white-space:pre-wrap;overflow-wrap:anywhere;user-select:all}
code,pre{font:.9rem/1.45 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
ul{margin:.3rem 0;padding-left:1.2rem}li{overflow-wrap:anywhere}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(14.5rem,1fr));gap:.7rem;margin:0 0 1.1rem}
.figures div{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.7rem .9rem;min-width:0}
.figures dt{color:var(--soft);font-size:.82rem}
.figures dd{margin:0;font-size:1.35rem;font-weight:650;line-height:1.25;font-variant-numeric:tabular-nums}
.figures small{display:block;font-size:.8rem;font-weight:400;line-height:1.35}
.figures .good,.figures .warn,.figures .dire{color:var(--tone);background:none}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;padding:0;margin:0 0 .8rem;list-style:none;font-size:.88rem}
.legend li{display:flex;align-items:center;gap:.4rem}
.legend b{font-weight:600;font-variant-numeric:tabular-nums}
.map,.legend{--n:11px}
.map{display:grid;grid-template-columns:repeat(auto-fill,var(--n));gap:1px;print-color-adjust:exact;
-webkit-print-color-adjust:exact}
.map i,.legend i{display:block;width:var(--n);height:var(--n);border-radius:2px;background:var(--z);flex:none;
print-color-adjust:exact;-webkit-print-color-adjust:exact}
.legend i{--n:14px}
.d{--z:var(--d)}.p{--z:var(--p)}.c{--z:var(--c)}
.r{--k:var(--r)}.m{--k:var(--m)}.s{--k:var(--s)}.b{--k:var(--b)}
.f{--z:var(--k)}.map .d.f{--z:var(--d)}.map .p.f{--z:var(--p)}.map .c.f{--z:var(--c)}
.map .f{background:var(--k);background:color-mix(in srgb,var(--k) var(--a,100%),var(--z))}
.map .p.f,.map .c.f{box-shadow:inset 0 0 0 2px var(--z)}
.map .b.f,.legend .b.f{background-image:radial-gradient(circle,#fff 0 1.6px,transparent 2.2px)}
.l1{--a:62%}.l2{--a:74%}.l3{--a:87%}.l4{--a:100%}
.map i:hover,.map i:focus{outline:2px solid var(--ink);outline-offset:1px;position:relative;z-index:1}
.detail{min-height:6em;margin:.8rem 0;padding:.55rem .75rem;background:var(--code);border-radius:8px;
font-size:.88rem;white-space:pre-line;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:.9rem}
caption{text-align:left;color:var(--soft);padding:0 0 .5rem}
th{text-align:left;font-weight:600;color:var(--soft);font-size:.82rem;padding:.3rem .8rem .3rem 0;
border-bottom:1px solid var(--line);white-space:nowrap}
td{vertical-align:top;padding:.45rem .8rem .45rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
tr:last-child td{border-bottom:0}
td.w{white-space:nowrap}
.files{table-layout:fixed;min-width:46rem}
.files th:nth-child(1){width:7.2rem}.files th:nth-child(2){width:31%}.files th:nth-child(3){width:19%}
.fate{display:inline-block;padding:0 .55rem;border-radius:99px;font-weight:600;font-size:.82rem;white-space:nowrap;
color:var(--tone);background:var(--tone-bg);border:1px solid currentColor}
.bar{display:block;width:100%;height:9px;border-radius:3px;background:var(--line);margin:.35rem 0 .15rem}
.bar .y{fill:var(--y)}.bar .x{fill:var(--b)}.bar .m{fill:var(--m)}.bar .o{fill:var(--line)}
input{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:8px;
padding:.35rem .7rem;width:100%;max-width:26rem;margin:0 0 .7rem}
input:focus-visible,summary:focus-visible{outline:2px solid var(--r);outline-offset:2px}
summary{cursor:pointer;font-weight:600}
details table{margin-top:.6rem}
footer{color:var(--soft);font-size:.82rem}
@media(max-width:640px){main{padding:1rem .7rem 2rem}.card{padding:.9rem}.state{flex-direction:column;gap:.5rem}
.figures{grid-template-columns:1fr 1fr}.map{--n:8px}.map .b.f{background-image:none}
.files{min-width:0}.rows thead{display:none}.rows,.rows tbody,.rows tr,.rows td{display:block}
.rows tr{border-bottom:1px solid var(--line);padding:.6rem 0}.rows tr[hidden]{display:none}
.rows td{border:0;padding:.1rem 0;white-space:normal}
.files td:nth-child(4)::before{content:"Why: "}.files td:nth-child(5)::before{content:"Needed: "}
.files td:nth-child(n+4)::before{color:var(--soft)}}
@media print{:root{color-scheme:light}body{background:#fff;font-size:11px}main{max-width:none;padding:0}
.card,.figures div,.map{break-inside:avoid}.card.long{break-inside:auto}tr{break-inside:avoid}
input,.detail{display:none}.map{--n:7px}.figures{grid-template-columns:repeat(4,1fr)}}
"""

SCRIPT = """
(function(){
var map=document.querySelector('.map'),detail=document.querySelector('.detail');
if(map&&detail){
var cells=map.children,at=0,idle=detail.textContent;
var show=function(cell){detail.textContent=cell?cell.title:idle};
var go=function(to){if(to<0||to>=cells.length)return;cells[at].tabIndex=-1;at=to;
cells[at].tabIndex=0;cells[at].focus()};
if(cells.length)cells[0].tabIndex=0;
map.addEventListener('mouseover',function(e){if(e.target!==map)show(e.target)});
map.addEventListener('focusin',function(e){show(e.target)});
map.addEventListener('click',function(e){if(e.target!==map)go([].indexOf.call(cells,e.target))});
map.addEventListener('keydown',function(e){
var wide=1;while(wide<cells.length&&cells[wide].offsetTop===cells[0].offsetTop)wide++;
var step={ArrowRight:1,ArrowLeft:-1,ArrowDown:wide,ArrowUp:-wide}[e.key];
if(step){go(at+step);e.preventDefault()}
else if(e.key==='Home'||e.key==='End'){go(e.key==='Home'?0:cells.length-1);e.preventDefault()}
else if(e.key==='n'||e.key==='p'){var d=e.key==='n'?1:-1,i=at+d;
while(cells[i]&&!cells[i].classList.contains('f'))i+=d;go(i)}});
}
var box=document.querySelector('input[type=search]');
if(box){box.hidden=false;
var rows=[].slice.call(document.querySelectorAll('.files tbody tr')),told=document.querySelector('.told');
var texts=rows.map(function(row){return row.textContent.toLowerCase()});
box.addEventListener('input',function(){
var want=box.value.toLowerCase(),seen=0;
rows.forEach(function(row,i){row.hidden=texts[i].indexOf(want)<0;if(!row.hidden)seen++});
if(told)told.textContent=want?seen+' of '+rows.length+' rows shown':''});
}})();
"""
